;; Answers with more replacement bytes than its edits need.
;; expect: exit 3, says "more replacement bytes than its edits need"
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 4))
  (drop (call $edits))
  (i32.store (i32.const 620) (i32.const 4096)) (i32.store (i32.const 624) (i32.const 1))
  (i32.store (i32.const 628) (i32.const 6144)) (i32.store (i32.const 632) (i32.const 5))
  (i32.const 600))
