;; Asks for a delimiter outside of its memory.
;; expect: exit 3, says "failed before the first window"
(data (i32.const 2056) "\01")
(data (i32.const 2064) "\f0\ff\ff\7f\01\00\00\00")
