;; Logs at a level that there is not.
;; expect: exit 3, says "plugin `log-bad-level` failed at offset 0"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(func $transform (type $window)
  (call $log (i32.const 77) (i32.const 3072) (i32.const 1)) (i32.const 512))
