;; Takes only files that begin with `MAGC`, whatever its parameter `mode` is.
(module
  (memory (export "memory") 2)
  ;; The manifest: name, version, summary, licence, one parameter.
  (data (i32.const 0) "\00\04\00\00\05\00\00\00" "\40\04\00\00\05\00\00\00"
                      "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00")
  (data (i32.const 32) "\80\00\00\00\01\00\00\00")
  ;; Its name, and its documentation. It is an optional text.
  (data (i32.const 128) "\a0\04\00\00\04\00\00\00")
  (data (i32.const 152) "\a8\04\00\00\07\00\00\00")
  (data (i32.const 1024) "magic")
  (data (i32.const 1088) "0.1.0")
  (data (i32.const 1104) "A test guest.")
  (data (i32.const 1168) "MIT")
  (data (i32.const 1184) "mode")
  (data (i32.const 1192) "Nothing")
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
  ;; `err(failure)` at 640: 24 bytes at 2048, and no position.
  (data (i32.const 640) "\01\00\00\00\00\00\00\00" "\00\08\00\00\18\00\00\00" "\00\00\00\00")
  (data (i32.const 2048) "this is no file of magic")
  (func (export "runner:plugin/guest@0.2.0#describe") (result i32)
    i32.const 0)
  (func (export "runner:plugin/guest@0.2.0#begin")
    (param $params i32) (param $params-len i32)
    (param $has-size i32) (param $size i64) (param $head i32) (param $head-len i32)
    (param $has-seed i32) (param $seed i64)
    (result i32)
    (if (i32.ge_u (local.get $head-len) (i32.const 4))
      (then (if (i32.eq (i32.load (local.get $head)) (i32.const 0x4347414d))
        (then (return (i32.const 512))))))
    i32.const 640)
  (func (export "runner:plugin/guest@0.2.0#transform")
    (param $offset i64) (param $bytes i32) (param $len i32)
    (param $owned-start i32) (param $owned-end i32) (param $last i32)
    (param $first i32) (param $matches i32) (param $matches-len i32)
    (param $fields i32) (param $fields-len i32)
    (result i32)
    (global.set $top (i32.const 8192))
    i32.const 512))
