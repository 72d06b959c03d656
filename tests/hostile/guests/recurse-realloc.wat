;; Allocates by allocating.
;; expect: exit 3, says "it overflowed its stack"
(func $realloc (param i32 i32 i32 i32) (result i32)
  (i32.add (i32.const 1) (call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
