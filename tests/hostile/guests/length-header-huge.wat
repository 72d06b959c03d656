;; Asks for a header that is longer than any file, and then for lengths.
;; expect: exit 0, file "abc\nabc\n"
(data (i32.const 2056) "\04")
(data (i32.const 2064) "\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\ff\08\00\00\00\ff\ff\ff\ff\ff\ff\ff\7f")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
