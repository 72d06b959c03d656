;; Never says what it is.
;; expect: exit 3, says "did not start and describe itself within 0.2 s"
;; options: --timeout 0.2
(func $describe (result i32) (loop (br 0)) (i32.const 0))
