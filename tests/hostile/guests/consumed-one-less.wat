;; Leaves one byte of each window, so that the last one is never done.
;; expect: exit 3, says "consumed"
;; options: --window 64K
;; file: 50000 x "abc\n"
(data (i32.const 2056) "\06") ;; sequential
(func $transform (type $window)
  (i64.store (i32.const 608) (i64.sub (i64.extend_i32_u (local.get 2)) (i64.const 1))) (i32.const 600))
