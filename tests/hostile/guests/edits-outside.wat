;; Answers with edits outside of its memory.
;; expect: exit 3, says "out of bounds"
(func $transform (type $window)
  (drop (call $edits))
  (i32.store (i32.const 620) (i32.const 0x7ffffff0)) (i32.store (i32.const 624) (i32.const 1))
  (i32.store (i32.const 628) (i32.const 6144)) (i32.store (i32.const 632) (i32.const 0))
  (i32.const 600))
