;; Answers with replacement bytes that begin in its memory and do not end there.
;; expect: exit 3, says "out of bounds"
(func $one (call $span (i32.const 0) (i32.const 1) (i32.const 1)))
(func $transform (type $window)
  (call $one)
  (drop (call $edits))
  (i32.store (i32.const 620) (i32.const 4096)) (i32.store (i32.const 624) (i32.const 1))
  (i32.store (i32.const 628) (i32.const 6144)) (i32.store (i32.const 632) (i32.const -1))
  (i32.const 600))
