;; Has a name of a mebibyte.
;; expect: exit 3, says "plugin `name-huge` failed while describing itself"
(memory $memory 64)
(func $describe (result i32)
  (memory.fill (i32.const 65536) (i32.const 97) (i32.const 1048576))
  (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 1048576))
  (i32.const 0))
