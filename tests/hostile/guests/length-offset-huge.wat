;; Asks for a length field 4 GiB into each record.
;; expect: exit 0, file "!bc\nabc\n"
(data (i32.const 2056) "\04")
(data (i32.const 2064) "\00\00\00\00\00\00\00\00\ff\ff\ff\ff\08\00\00\00\00\00\00\00\00\00\00\00")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
