;; Calls itself until the stack ends.
;; expect: exit 3, says "it overflowed its stack"
(func $deeper (param i64) (result i64)
  (i64.add (i64.const 1) (call $deeper (i64.add (local.get 0) (i64.const 1)))))
(func $transform (type $window)
  (drop (call $deeper (i64.const 0))) (i32.const 512))
