;; Answers with two edits that overlap.
;; expect: exit 3, says "overlapping or unsorted edits at byte 1"
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 2) (i32.const 1)) (call $span (i32.const 1) (i32.const 3) (i32.const 1))
  (call $edits))
