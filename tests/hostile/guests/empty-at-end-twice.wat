;; Two empty edits in one place, if only at the end.
;; expect: exit 3, says "overlapping or unsorted edits at byte 8"
(func $transform (type $window)
  (call $span (i32.const 8) (i32.const 8) (i32.const 0)) (call $span (i32.const 8) (i32.const 8) (i32.const 0))
  (call $edits))
