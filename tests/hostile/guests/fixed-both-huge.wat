;; Asks for a header and a size that wrap round together.
;; expect: exit 0, file "abc\nabc\n"
(data (i32.const 2056) "\03")
(data (i32.const 2064) "\f8\ff\ff\ff\ff\ff\ff\ff\10\00\00\00\00\00\00\00")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
