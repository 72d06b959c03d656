;; Answers with 2^28 edits: 3 GiB in 128 KiB of memory.
;; expect: exit 3, says "plugin `edits-2-to-28` failed at offset 0"
(func $transform (type $window)
  (drop (call $edits))
  (i32.store (i32.const 620) (i32.const 4096)) (i32.store (i32.const 624) (i32.const 0x10000000))
  (i32.store (i32.const 628) (i32.const 6144)) (i32.store (i32.const 632) (i32.const 0))
  (i32.const 600))
