;; Has a hundred thousand parameters, of which all but few are empty.
;; expect: exit 3, says "plugin `params-100000` failed while describing itself"
(memory $memory 64)
(func $describe (result i32)
  (i32.store (i32.const 32) (i32.const 65536)) (i32.store (i32.const 36) (i32.const 100000))
  (i32.const 0))
