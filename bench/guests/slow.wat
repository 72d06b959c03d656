;; Deliberately slow: reads byte after byte, hashes each four times, and
;; writes `marker=` as `Marker=`. It has no prefilter; with 704 in place of 640
;; in `begin` it asks for one.
(module
  (memory (export "memory") 2)
  ;; The manifest: name, version, summary, licence, no parameters.
  (data (i32.const 0) "\00\04\00\00\04\00\00\00" "\40\04\00\00\05\00\00\00"
                      "\50\04\00\00\10\00\00\00" "\90\04\00\00\0a\00\00\00")
  (data (i32.const 1024) "slow")
  (data (i32.const 1088) "0.1.0")
  (data (i32.const 1104) "Takes its time..")
  (data (i32.const 1168) "Apache-2.0")
  ;; `ok(reply)` of `unchanged` at 512: zeros. `ok(reply)` of edits at 576: the
  ;; spans, their count, the replacements, their length.
  (data (i32.const 592) "\01\00\00\00" "\00\10\00\00\00\00\00\00" "\00\40\00\00\00\00\00\00")
  ;; `ok(job)` at 640: delimited by a line end at 1200, without a prefilter.
  (data (i32.const 648) "\01\00\00\00\00\00\00\00" "\b0\04\00\00\01\00\00\00")
  (data (i32.const 1200) "\n")
  ;; `ok(job)` at 704: the same, with the one literal whose address and length
  ;; are at 1208.
  (data (i32.const 712) "\01\00\00\00\00\00\00\00" "\b0\04\00\00\01\00\00\00")
  (data (i32.const 744) "\01\00\00\00" "\b8\04\00\00\01\00\00\00")
  (data (i32.const 1208) "\c0\04\00\00\07\00\00\00")
  (data (i32.const 1216) "marker=")
  ;; Spans are at 4096, replacements at 16384: room for 1,024 edits.
  (global $top (mut i32) (i32.const 32768))
  (global $spans (mut i32) (i32.const 0))
  ;; Kept, so that no compiler removes the hashing.
  (global $hash (mut i64) (i64.const 0xcbf29ce484222325))
  (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
    ;; A bump allocator that `transform` resets.
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
      (then (drop (memory.grow
        (i32.sub (i32.add (i32.shr_u (global.get $top) (i32.const 16)) (i32.const 1)) (memory.size))))))
    (local.get $at))
  (func (export "runner:plugin/guest@0.2.0#describe") (result i32)
    i32.const 0)
  (func (export "runner:plugin/guest@0.2.0#begin")
    (param $params i32) (param $params-len i32)
    (param $has-size i32) (param $size i64) (param $head i32) (param $head-len i32)
    (param $has-seed i32) (param $seed i64)
    (result i32)
    (i32.const 640))
  (func $mix (param $hash i64) (param $byte i64) (result i64)
    (i64.mul (i64.xor (local.get $hash) (local.get $byte)) (i64.const 0x100000001b3)))
  ;; One more edit: the byte at `start` becomes `M`.
  (func $capital (param $start i32)
    (local $at i32)
    (if (i32.ge_u (global.get $spans) (i32.const 1024)) (then unreachable))
    (local.set $at (i32.add (i32.const 4096) (i32.mul (global.get $spans) (i32.const 12))))
    (i32.store (local.get $at) (local.get $start))
    (i32.store offset=4 (local.get $at) (i32.add (local.get $start) (i32.const 1)))
    (i32.store offset=8 (local.get $at) (i32.const 1))
    (i32.store8 (i32.add (i32.const 16384) (global.get $spans)) (i32.const 77))
    (global.set $spans (i32.add (global.get $spans) (i32.const 1))))
  (func (export "runner:plugin/guest@0.2.0#transform")
    (param $offset i64) (param $bytes i32) (param $len i32)
    (param $owned-start i32) (param $owned-end i32) (param $last i32)
    (param $first i32) (param $matches i32) (param $matches-len i32)
    (param $fields i32) (param $fields-len i32)
    (result i32)
    (local $at i32) (local $end i32) (local $hash i64) (local $byte i64)
    (global.set $top (i32.const 32768))
    (global.set $spans (i32.const 0))
    (local.set $at (local.get $bytes))
    (local.set $end (i32.add (local.get $bytes) (local.get $len)))
    (local.set $hash (global.get $hash))
    (loop $next
      (if (i32.lt_u (local.get $at) (local.get $end))
        (then
          (local.set $byte (i64.load8_u (local.get $at)))
          (local.set $hash (call $mix (call $mix (call $mix (call $mix
            (local.get $hash) (local.get $byte)) (local.get $byte)) (local.get $byte)) (local.get $byte)))
          ;; `mark`, and `ker=` from its last byte on.
          (if (i32.le_u (i32.add (local.get $at) (i32.const 7)) (local.get $end))
            (then
              (if (i32.and
                    (i32.eq (i32.load align=1 (local.get $at)) (i32.const 0x6b72616d))
                    (i32.eq (i32.load offset=3 align=1 (local.get $at)) (i32.const 0x3d72656b)))
                (then (call $capital (i32.sub (local.get $at) (local.get $bytes)))))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (global.set $hash (local.get $hash))
    (if (i32.eqz (global.get $spans)) (then (return (i32.const 512))))
    (i32.store (i32.const 600) (global.get $spans))
    (i32.store (i32.const 608) (global.get $spans))
    i32.const 576))
