;; Takes its time over each window, says in its log at which offset the window
;; is, and replaces the first byte of it by `!`. Its two parameters change
;; nothing.
(module
  (import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 2)
  ;; The manifest: name, version, summary, licence, two parameters.
  (data (i32.const 0) "\00\04\00\00\04\00\00\00" "\40\04\00\00\05\00\00\00"
                      "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00"
                      "\00\10\00\00\02\00\00\00")
  (data (i32.const 1024) "slow")
  (data (i32.const 1088) "0.1.0")
  (data (i32.const 1104) "A test guest.")
  (data (i32.const 1168) "MIT")
  ;; A secret `key` and a text `word`, without defaults or help.
  (data (i32.const 4096) "\00\11\00\00\03\00\00\00" "\03\00\00\00" "\00\00\00\00"
                         "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (data (i32.const 4136) "\08\11\00\00\04\00\00\00" "\00\00\00\00" "\00\00\00\00"
                         "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (data (i32.const 4352) "key")
  (data (i32.const 4360) "word")
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
  ;; `ok(reply)` at 600: edits, one span at 700, one byte at 728.
  (data (i32.const 616) "\01\00\00\00" "\bc\02\00\00\01\00\00\00" "\d8\02\00\00\01\00\00\00")
  (data (i32.const 700) "\00\00\00\00\01\00\00\00\01\00\00\00")
  (data (i32.const 728) "!")
  ;; The offset in eight hexadecimal digits goes to 2048.
  (data (i32.const 2064) "0123456789abcdef")
  (func $name (param $offset i32) (local $digit i32)
    (local.set $digit (i32.const 8))
    (loop $again
      (local.set $digit (i32.sub (local.get $digit) (i32.const 1)))
      (i32.store8 offset=2048 (local.get $digit)
        (i32.load8_u offset=2064 (i32.and (local.get $offset) (i32.const 15))))
      (local.set $offset (i32.shr_u (local.get $offset) (i32.const 4)))
      (br_if $again (local.get $digit))))
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
    (result i32) (local $n i32)
    (global.set $top (i32.const 8192))
    (call $name (i32.wrap_i64 (local.get $offset)))
    (call $log (i32.const 2) (i32.const 2048) (i32.const 8))
    (local.set $n (i32.const 20000000))
    (loop $again
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))
    i32.const 600))
