;; Asks for records of more than can be said: the one there is is cut short.
;; expect: exit 0, file "!bc\nabc\n"
(data (i32.const 2056) "\04")
(data (i32.const 2064) "\00\00\00\00\00\00\00\00\00\00\00\00\08\01\00\00\ff\ff\ff\ff\ff\ff\ff\7f")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
