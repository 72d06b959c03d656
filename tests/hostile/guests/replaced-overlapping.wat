;; Replaces a window that shares its bytes with others.
;; expect: exit 3, says "which its framing or prefilter forbids"
(data (i32.const 2056) "\05")
(data (i32.const 2064) "\04\00\00\00\04\00\00\00") ;; overlapping, 4 bytes each way
(data (i32.const 616) "\02\00\00\00" "\00\18\00\00\04\00\00\00")
(func $transform (type $window)
  (i32.const 600))
