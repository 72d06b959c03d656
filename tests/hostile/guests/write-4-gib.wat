;; Writes 4 GiB to standard output, out of less memory.
;; expect: exit 3, says "plugin `write-4-gib`"
(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 3072) "\00\00\00\00\ff\ff\ff\ff")
(func $transform (type $window)
  (if (i32.eqz (call $write (i32.const 1) (i32.const 3072) (i32.const 1) (i32.const 3080))) (then unreachable))
  unreachable)
