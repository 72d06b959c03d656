;; Inserts at the end of the file, which the contract allows: no harm.
;; expect: exit 0, file "abc\nabc\n!"
(func $transform (type $window)
  (call $span (i32.const 8) (i32.const 8) (i32.const 1))
  (call $edits))
