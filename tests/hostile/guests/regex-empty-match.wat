;; Asks for an expression that matches nothing, everywhere.
;; expect: exit 3, says "matches the empty string"
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\01\00\00\00" "\a0\08\00\00\02\00\00\00")
(data (i32.const 2208) "a*")
