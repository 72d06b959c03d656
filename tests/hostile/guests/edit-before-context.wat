;; Edits what stands before the range it owns.
;; expect: exit 3, says "outside the range that it owns"
;; options: --window 64K
;; file: 50000 x "abc\n"
(data (i32.const 2056) "\05")
(data (i32.const 2064) "\04\00\00\00\04\00\00\00") ;; overlapping, 4 bytes each way
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
