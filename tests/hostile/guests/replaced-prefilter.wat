;; Replaces a window of which it did not see all.
;; expect: exit 3, says "which its framing or prefilter forbids"
(data (i32.const 2056) "\01")
(data (i32.const 2064) "\c0\08\00\00\01\00\00\00")
(data (i32.const 2240) "\0a")
(data (i32.const 2096) "\00\09\00\00\01\00\00\00") ;; prefilter: one literal
(data (i32.const 2304) "\00\00\00\00" "\00\00\00\00" "\a0\08\00\00\01\00\00\00")
(data (i32.const 2208) "\b0\08\00\00\01\00\00\00" "\00\00\00\00\00\00\00\00" "a")
(data (i32.const 616) "\02\00\00\00" "\00\18\00\00\04\00\00\00")
(func $transform (type $window)
  (i32.const 600))
