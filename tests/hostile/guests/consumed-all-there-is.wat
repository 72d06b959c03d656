;; Has dealt with all the bytes that 64 bits can count.
;; expect: exit 3, says "consumed 18446744073709551615 of the last 8 bytes"
(data (i32.const 2056) "\06") ;; sequential
(func $transform (type $window)
  (i64.store (i32.const 608) (i64.const -1)) (i32.const 600))
