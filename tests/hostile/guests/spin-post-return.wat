;; Answers, and then never lets go of the answer.
;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
;; options: --timeout 0.2
(func (export "cabi_post_runner:plugin/guest@0.2.0#transform") (param i32) (loop (br 0)))
