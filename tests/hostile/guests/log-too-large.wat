;; Logs a line that is larger than all that a call may hand over.
;; expect: exit 3, says "it passed a message to the log that exceeds the size limit"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(memory $memory 1200)
(func $transform (type $window)
  (call $log (i32.const 3) (i32.const 65536) (i32.const 70000000)) (i32.const 512))
