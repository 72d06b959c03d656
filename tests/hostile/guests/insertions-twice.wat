;; Inserts two times in one place, so that their order is nowhere said.
;; expect: exit 3, says "overlapping or unsorted edits at byte 2"
(func $transform (type $window)
  (call $span (i32.const 2) (i32.const 2) (i32.const 1)) (call $span (i32.const 2) (i32.const 2) (i32.const 1))
  (call $edits))
