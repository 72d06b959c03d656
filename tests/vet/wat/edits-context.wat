;; Edits what it is shown for looking only.
;; fails: contract
(data (i32.const 2056) "\05")
(data (i32.const 2064) "\04\00\00\00\04\00\00\00") ;; overlapping, 4 bytes each way
(func $transform (type $window)
  (call $span (i32.sub (local.get 2) (i32.const 1)) (local.get 2) (i32.const 1))
  (call $edits))
