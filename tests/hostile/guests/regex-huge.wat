;; Asks for an expression of a million states.
;; expect: exit 3, says "the prefilter of plugin `regex-huge` cannot be used"
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\01\00\00\00" "\a0\08\00\00\14\00\00\00")
(data (i32.const 2208) "((a{100}){100}){100}")
