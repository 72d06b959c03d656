;; Returns edits from the last to the first.
;; fails: contract
(func $transform (type $window)
  (if (i32.lt_u (local.get 2) (i32.const 4)) (then (return (i32.const 512))))
  (call $span (i32.const 2) (i32.const 3) (i32.const 1))
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (call $edits))
