;; Asks for records that are longer than any file: the one there is is cut short.
;; expect: exit 0, file "!bc\nabc\n"
(data (i32.const 2056) "\03")
(data (i32.const 2064) "\00\00\00\00\00\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
