;; Asks for a header that is longer than any file, so for no record at all.
;; expect: exit 0, file "abc\nabc\n"
(data (i32.const 2056) "\03")
(data (i32.const 2064) "\ff\ff\ff\ff\ff\ff\ff\ff\01\00\00\00\00\00\00\00")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
