;; Logs what would clear a terminal, hide what comes behind, and pass for a
;; message of its own: each line says whose it is.
;; expect: exit 0, says "plugin warn: plugin warn: forged"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(data (i32.const 3072) "\1b[2J\1b]0;owned\07\e2\80\ae\0d\0aplugin warn: forged")
(func $transform (type $window)
  (call $log (i32.const 3) (i32.const 3072) (i32.const 38)) (i32.const 512))
