;; Never has room for what it is told.
;; expect: exit 3, says "did not answer `begin` within 0.2 s"
;; options: --timeout 0.2
(func $realloc (param i32 i32 i32 i32) (result i32) (loop (br 0)) (i32.const 8192))
