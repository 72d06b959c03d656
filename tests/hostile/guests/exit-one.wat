;; Exits with a code.
;; expect: exit 3, says "plugin `exit-one` failed at offset 0"
(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
(func $transform (type $window)
  (call $exit (i32.const 1)) (i32.const 512))
