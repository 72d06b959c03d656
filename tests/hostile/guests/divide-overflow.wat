;; Divides the least integer by minus one.
;; expect: exit 3, says "integer overflow"
(func $transform (type $window)
  (i32.div_s (i32.const 0x80000000) (i32.sub (local.get 3) (i32.const 1))))
