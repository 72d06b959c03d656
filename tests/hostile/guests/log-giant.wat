;; Logs one line of a mebibyte.
;; expect: exit 0, says "bytes more)"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(memory $memory 32)
(func $transform (type $window)
  (memory.fill (i32.const 65536) (i32.const 97) (i32.const 1048576))
  (call $log (i32.const 3) (i32.const 65536) (i32.const 1048576)) (i32.const 512))
