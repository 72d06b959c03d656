;; Asks for records that never get on: length one, less one.
;; expect: exit 2, says "states an impossible length: 0 bytes"
(data (i32.const 2056) "\04")
(data (i32.const 2064) "\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\9e\ff\ff\ff\ff\ff\ff\ff")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
