;; Divides by the number of bytes that follow the first one.
;; fails: trap
(func $transform (type $window)
  (drop (i32.div_u (i32.const 1) (i32.sub (local.get 2) (i32.const 1))))
  (i32.const 512))
