;; Asks to see all in order, and not all.
;; expect: exit 3, says "a sequential framing allows no prefilter"
(data (i32.const 2056) "\06")
(data (i32.const 2096) "\00\09\00\00\01\00\00\00") ;; prefilter: one literal
(data (i32.const 2304) "\00\00\00\00" "\00\00\00\00" "\a0\08\00\00\01\00\00\00")
(data (i32.const 2208) "\b0\08\00\00\01\00\00\00" "\00\00\00\00\00\00\00\00" "a")
