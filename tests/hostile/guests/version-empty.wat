;; Has no version.
;; expect: exit 3, says "its version is empty"
(func $describe (result i32)
  (i32.store (i32.const 12) (i32.const 0))
  (i32.const 0))
