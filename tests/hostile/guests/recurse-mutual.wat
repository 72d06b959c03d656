;; Two functions call each other until the stack ends.
;; expect: exit 3, says "it overflowed its stack"
(func $a (result i64) (i64.add (i64.const 1) (call $b)))
(func $b (result i64) (i64.add (i64.const 1) (call $a)))
(func $transform (type $window)
  (drop (call $a)) (i32.const 512))
