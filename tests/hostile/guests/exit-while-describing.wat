;; Exits before it has said what it is.
;; expect: exit 3, says "failed while describing itself"
(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
(func $describe (result i32) (call $exit (i32.const 0)) (i32.const 0))
