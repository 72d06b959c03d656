;; Answers with the later edit first.
;; expect: exit 3, says "overlapping or unsorted edits at byte 0"
(func $transform (type $window)
  (call $span (i32.const 4) (i32.const 5) (i32.const 1)) (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
