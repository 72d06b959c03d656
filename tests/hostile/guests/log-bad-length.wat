;; Logs a line that begins in its memory and ends far outside.
;; expect: exit 3, says "out of bounds"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(func $transform (type $window)
  (call $log (i32.const 3) (i32.const 3072) (i32.const -1)) (i32.const 512))
