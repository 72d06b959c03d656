;; Answers with 2^24 edits that are there: 192 MiB of them.
;; expect: exit 3, says "its answer exceeds the size limit"
(memory $memory 3200)
(func $transform (type $window)
  (drop (call $edits))
  (i32.store (i32.const 620) (i32.const 65536)) (i32.store (i32.const 624) (i32.const 0x1000000))
  (i32.store (i32.const 628) (i32.const 6144)) (i32.store (i32.const 632) (i32.const 0))
  (i32.const 600))
