;; A WASI command: writes its arguments, a zero after each; their number is its
;; exit code. It reads nothing, and traps if its streams are a terminal, or if
;; the list does not begin with the first argument.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $arguments (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $status (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "said by the command\n")
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $arguments (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 8) (i32.const 4096))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 64)))
    (i32.store (i32.const 8) (i32.const 16))
    (i32.store (i32.const 12) (i32.const 20))
    (drop (call $write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 64)))
    (drop (call $status (i32.const 1) (i32.const 128)))
    (if (i32.ne (i32.load8_u (i32.const 128)) (i32.const 0)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 1024)) (i32.const 4096)) (then unreachable))
    (call $exit (i32.load (i32.const 0)))))
