;; Imports WASI 0.1 and answers with what it finds: 16 random bytes, the two
;; clocks, and the counts of arguments and variables. It also sleeps for an hour.
;; Each window is replaced by those 48 bytes.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  ;; The manifest: name, version, summary, licence, no parameters.
  (data (i32.const 0) "\00\04\00\00\04\00\00\00" "\40\04\00\00\05\00\00\00"
                      "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00")
  (data (i32.const 1024) "wasi")
  (data (i32.const 1088) "0.1.0")
  (data (i32.const 1104) "A test guest.")
  (data (i32.const 1168) "MIT")
  ;; 96 zero bytes at 512 are both `ok(job)` of the plainest job (bytes, no
  ;; prefilter) and `ok(reply)` of `unchanged`.
  (global $top (mut i32) (i32.const 8192))
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    ;; A bump allocator. The adapter keeps its state here, so nothing is reset.
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
      (then (drop (memory.grow
        (i32.sub (i32.add (i32.shr_u (global.get $top) (i32.const 16)) (i32.const 1)) (memory.size))))))
    (local.get $at))
  ;; `ok(reply)` at 600: replaced by 48 bytes at 3072.
  (data (i32.const 616) "\02\00\00\00" "\00\0c\00\00\30\00\00\00")
  ;; A subscription at 2048: monotonic clock, relative, 3600 s.
  (data (i32.const 2064) "\01")
  (data (i32.const 2072) "\00\a0\b8\30\46\03\00\00")
  (func $ok (param i32) (if (local.get 0) (then unreachable)))
  (func (export "runner:plugin/guest@0.2.0#describe") (result i32)
    i32.const 0)
  (func (export "runner:plugin/guest@0.2.0#begin")
    (param $params i32) (param $params-len i32)
    (param $has-size i32) (param $size i64) (param $head i32) (param $head-len i32)
    (param $has-seed i32) (param $seed i64)
    (result i32)
    i32.const 512)
  (func (export "runner:plugin/guest@0.2.0#transform")
    (param $offset i64) (param $bytes i32) (param $len i32)
    (param $owned-start i32) (param $owned-end i32) (param $last i32)
    (param $first i32) (param $matches i32) (param $matches-len i32)
    (param $fields i32) (param $fields-len i32)
    (result i32)
    (call $ok (call $random (i32.const 3072) (i32.const 16)))
    (call $ok (call $clock (i32.const 0) (i64.const 1) (i32.const 3088)))
    (call $ok (call $clock (i32.const 1) (i64.const 1) (i32.const 3096)))
    (call $ok (call $args (i32.const 3104) (i32.const 3108)))
    (call $ok (call $environ (i32.const 3112) (i32.const 3116)))
    (call $ok (call $poll (i32.const 2048) (i32.const 4096) (i32.const 1) (i32.const 4160)))
    i32.const 600))
