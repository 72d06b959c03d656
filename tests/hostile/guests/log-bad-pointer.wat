;; Logs what lies outside of its memory.
;; expect: exit 3, says "out of bounds"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(func $transform (type $window)
  (call $log (i32.const 3) (i32.const 0x7ffffff0) (i32.const 16)) (i32.const 512))
