;; Never begins.
;; expect: exit 3, says "did not answer `begin` within 0.2 s"
;; options: --timeout 0.2
(func $begin (type $file) (loop (br 0)) (i32.const 2048))
