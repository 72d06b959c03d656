;; Skips beyond the end of the file in its last window.
;; expect: exit 2, says "beyond the end of the file at 8"
(data (i32.const 2056) "\06") ;; sequential
(func $transform (type $window)
  (i64.store (i32.const 608) (i64.const 9)) (i32.const 600))
