;; Has a name of a hundred thousand letters.
;; expect: exit 3, says "is not one word of at most 64 printable ASCII characters"
(memory $memory 64)
(func $describe (result i32)
  (memory.fill (i32.const 65536) (i32.const 97) (i32.const 100000))
  (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 100000))
  (i32.const 0))
