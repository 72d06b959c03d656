;; Prints through WASI 0.1, and logs, as the first byte of the window says:
;; `l` logs a message at each level, `p` prints parts of lines to both streams,
;; `s` does both and never answers, `t` traps after printing, and `x` ends itself
;; after printing.
(module
  (import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  ;; The manifest: name, version, summary, licence, no parameters.
  (data (i32.const 0) "\00\04\00\00\08\00\00\00" "\40\04\00\00\05\00\00\00"
                      "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00")
  (data (i32.const 1024) "printing")
  (data (i32.const 1088) "0.1.0")
  (data (i32.const 1104) "A test guest.")
  (data (i32.const 1168) "MIT")
  ;; 96 zero bytes at 512 are both `ok(job)` of the plainest job (bytes, no
  ;; prefilter) and `ok(reply)` of `unchanged`.
  (global $top (mut i32) (i32.const 8192))
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    ;; A bump allocator that `transform` resets.
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
      (then (drop (memory.grow
        (i32.sub (i32.add (i32.shr_u (global.get $top) (i32.const 16)) (i32.const 1)) (memory.size))))))
    (local.get $at))
  (data (i32.const 2048) "out, line 1\nhalf a line")
  (data (i32.const 2112) ", and its rest\nnot ended")
  (data (i32.const 2176) "a warning\1b[2J\nmore")
  (data (i32.const 2240) "message\nof two lines")
  (data (i32.const 2304) "last words")
  ;; Two pieces of output at 2400: the first 12 bytes, and the rest.
  (data (i32.const 2400) "\00\08\00\00\0c\00\00\00" "\0c\08\00\00\0b\00\00\00"
                         "\40\08\00\00\18\00\00\00"
                         "\80\08\00\00\12\00\00\00"
                         "\00\09\00\00\0a\00\00\00")
  (func $print (param $fd i32) (param $pieces i32) (param $count i32)
    (if (call $write (local.get $fd) (local.get $pieces) (local.get $count) (i32.const 2500))
      (then unreachable)))
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
    (result i32) (local $what i32) (local $level i32)
    (global.set $top (i32.const 8192))
    (local.set $what (i32.load8_u (local.get $bytes)))
    (if (i32.or (i32.eq (local.get $what) (i32.const 0x6c)) (i32.eq (local.get $what) (i32.const 0x73))) (then
      (loop $next
        (call $log (local.get $level) (i32.const 2240) (i32.const 20))
        (local.set $level (i32.add (local.get $level) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $level) (i32.const 5))))))
    (if (i32.or (i32.eq (local.get $what) (i32.const 0x70)) (i32.eq (local.get $what) (i32.const 0x73))) (then
      (call $print (i32.const 1) (i32.const 2400) (i32.const 2))
      (call $print (i32.const 2) (i32.const 2424) (i32.const 1))
      (call $print (i32.const 1) (i32.const 2416) (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 0x73)) (then (loop (br 0))))
    (if (i32.eq (local.get $what) (i32.const 0x74)) (then
      (call $print (i32.const 2) (i32.const 2432) (i32.const 1))
      unreachable))
    (if (i32.eq (local.get $what) (i32.const 0x78)) (then
      (call $print (i32.const 2) (i32.const 2432) (i32.const 1))
      (call $exit (i32.const 3))))
    i32.const 512))
