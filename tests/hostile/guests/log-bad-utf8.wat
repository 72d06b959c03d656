;; Logs what is no text.
;; expect: exit 3, says "utf-8"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(data (i32.const 3072) "ab\ff\fe")
(func $transform (type $window)
  (call $log (i32.const 3) (i32.const 3072) (i32.const 4)) (i32.const 512))
