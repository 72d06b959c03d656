;; An edit of nothing by nothing at the end of the file: allowed, and no change.
;; expect: exit 0, file "abc\nabc\n"
(func $transform (type $window)
  (call $span (i32.const 8) (i32.const 8) (i32.const 0))
  (call $edits))
