;; Logs what would clear a terminal, and hide what comes behind.
;; expect: exit 0, says "plugin warn: \u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}\r\nplugin warn: forged"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(data (i32.const 3072) "\1b[2J\1b]0;owned\07\e2\80\ae\0d\0aplugin warn: forged")
(func $transform (type $window)
  (call $log (i32.const 3) (i32.const 3072) (i32.const 38)) (i32.const 512))
