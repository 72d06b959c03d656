;; Asks for records of less than nothing.
;; expect: exit 2, says "states an impossible length"
(data (i32.const 2056) "\04")
(data (i32.const 2064) "\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\00\00\00\80")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
