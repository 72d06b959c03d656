;; Replaces the same byte twice, where a window begins with `e`.
;; fails: contract
(func $transform (type $window)
  (if (i32.ne (i32.load8_u (local.get 1)) (i32.const 101)) (then (return (i32.const 512))))
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
