;; Never answers.
;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
;; options: --timeout 0.2
(func $transform (type $window)
  (loop (br 0)) (i32.const 512))
