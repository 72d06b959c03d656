;; Has three hundred parameters with no name.
;; expect: exit 3, says "300 parameters; the limit is 256"
(memory $memory 64)
(func $describe (result i32)
  (i32.store (i32.const 32) (i32.const 65536)) (i32.store (i32.const 36) (i32.const 300))
  (i32.const 0))
