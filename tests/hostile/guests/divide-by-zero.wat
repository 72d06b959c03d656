;; Divides by zero.
;; expect: exit 3, says "integer divide by zero"
(func $transform (type $window)
  (i32.div_u (i32.const 1) (local.get 3)))
