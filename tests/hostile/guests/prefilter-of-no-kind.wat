;; Asks for a prefilter that there is not.
;; expect: exit 3, says "plugin `prefilter-of-no-kind` failed before the first window"
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\63\00\00\00")
