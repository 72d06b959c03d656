;; Is named in capitals.
;; expect: exit 3, says "does not consist of lower-case letters"
(data $strings (i32.const 1024) "Guest")
(func $describe (result i32)
  (i32.store (i32.const 4) (i32.const 5)) (i32.store (i32.const 12) (i32.const 5)) (i32.store (i32.const 8) (i32.const 1040))
  (i32.const 0))
(data (i32.const 1040) "1.0.0")
