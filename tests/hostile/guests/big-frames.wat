;; Uses up its stack with few, large frames.
;; expect: exit 3, says "it overflowed its stack"
(func $deeper (param v128) (result v128)
  (local v128 v128 v128 v128 v128 v128 v128 v128)
  (local.set 1 (call $deeper (local.get 0))) (local.set 2 (call $deeper (local.get 1)))
  (v128.xor (local.get 2) (v128.xor (local.get 1) (local.get 0))))
(func $transform (type $window)
  (drop (call $deeper (v128.const i64x2 1 2))) (i32.const 512))
