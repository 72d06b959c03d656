;; Asks for more and more, until it has seen all, and for more then.
;; expect: exit 3, says "consumed 0 of the last 200000 bytes"
;; options: --window 64K
;; file: 50000 x "abc\n"
(data (i32.const 2056) "\06") ;; sequential
(func $transform (type $window)
  (i64.store (i32.const 608) (i64.const 0)) (i32.const 600))
