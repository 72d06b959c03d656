;; Asks for records that hold one of no literals.
;; expect: exit 3, says "no literals, or an empty one"
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\00\00\00\00")
