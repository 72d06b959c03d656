;; Has 2^27 parameters, whose size in bytes is nothing in 32 bits.
;; expect: exit 3, says "failed while describing itself"
(func $describe (result i32)
  (i32.store (i32.const 32) (i32.const 65536)) (i32.store (i32.const 36) (i32.const 0x8000000))
  (i32.const 0))
