;; Asks for an expression with what a terminal obeys.
;; expect: exit 3, says "the prefilter of plugin `regex-nul` cannot be used"
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\01\00\00\00" "\a0\08\00\00\07\00\00\00")
(data (i32.const 2208) "\1b[2J(")
