;; Asks the host for one thing for ever: each call is short.
;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
;; options: --timeout 0.2
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(func $transform (type $window)
  (loop (call $log (i32.const 1) (i32.const 0) (i32.const 0)) (br 0)) (i32.const 512))
