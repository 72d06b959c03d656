;; Edits from one packed record into the next one.
;; expect: exit 3, says "crosses into another record"
;; file: 1 x "abc\nxyz\nabc\n"
(data (i32.const 2056) "\01")
(data (i32.const 2064) "\c0\08\00\00\01\00\00\00")
(data (i32.const 2240) "\0a")
(data (i32.const 2096) "\00\09\00\00\01\00\00\00") ;; prefilter: one literal
(data (i32.const 2304) "\00\00\00\00" "\00\00\00\00" "\a0\08\00\00\01\00\00\00")
(data (i32.const 2208) "\b0\08\00\00\01\00\00\00" "\00\00\00\00\00\00\00\00" "a")
(func $transform (type $window)
  (call $span (i32.const 2) (i32.const 6) (i32.const 1))
  (call $edits))
