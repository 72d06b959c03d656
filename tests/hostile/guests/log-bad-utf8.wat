;; Logs what is no text.
;; expect: exit 3, says "utf-8"
(import "runner:plugin/host@0.1.0" "log" (func $log (param i32 i32 i32)))
(data (i32.const 3072) "ab\ff\fe")
(func $transform (type $window)
  (call $log (i32.const 2) (i32.const 3072) (i32.const 4)) (i32.const 512))
