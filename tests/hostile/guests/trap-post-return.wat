;; Answers, and gives up over letting go of it.
;; expect: exit 3, says "crashed at offset 0"
(func (export "cabi_post_runner:plugin/guest@0.2.0#transform") (param i32) unreachable)
