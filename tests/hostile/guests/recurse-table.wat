;; Calls itself through a table until the stack ends.
;; expect: exit 3, says "it overflowed its stack"
(type $deeper (func (result i64)))
(table 1 funcref)
(elem (i32.const 0) $deeper)
(func $deeper (result i64) (i64.add (i64.const 1) (call_indirect (type $deeper) (i32.const 0))))
(func $transform (type $window)
  (drop (call $deeper)) (i32.const 512))
