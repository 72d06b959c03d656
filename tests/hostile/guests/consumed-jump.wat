;; Jumps over the rest of the file: what it skips stays as it is.
;; expect: exit 0, unchanged
;; options: --window 64K
;; file: 50000 x "abc\n"
(data (i32.const 2056) "\06") ;; sequential
(func $transform (type $window)
  (i64.store (i32.const 608) (i64.const -1)) (i32.const 600))
