;; A sequential plugin that skips once: from the start of the file to the offset
;; that the first four bytes say. In the last window it adds a `!` at the end.
(module
  (memory (export "memory") 2)
  ;; The manifest: name, version, summary, licence, no parameters.
  (data (i32.const 0) "\00\04\00\00\08\00\00\00" "\40\04\00\00\05\00\00\00"
                      "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00")
  (data (i32.const 1024) "skipping")
  (data (i32.const 1088) "0.1.0")
  (data (i32.const 1104) "A test guest.")
  (data (i32.const 1168) "MIT")
  ;; `ok(job)` at 512: framing 6 is `sequential`.
  (data (i32.const 520) "\06")
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
  ;; `ok(reply)` at 640: consumed at 648, the change at 656 (1 is edits), one span
  ;; at 700, one byte at 720.
  (data (i32.const 660) "\bc\02\00\00\01\00\00\00" "\d0\02\00\00\01\00\00\00")
  (data (i32.const 708) "\01\00\00\00")
  (data (i32.const 720) "!")
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
    (global.set $top (i32.const 8192))
    (i64.store (i32.const 648) (i64.extend_i32_u (local.get $len)))
    (i32.store (i32.const 656) (local.get $last))
    (i32.store (i32.const 700) (local.get $len))
    (i32.store (i32.const 704) (local.get $len))
    (if (i32.and (i64.eqz (local.get $offset)) (i32.eqz (local.get $last)))
      (then (i64.store (i32.const 648) (i64.load32_u (local.get $bytes)))))
    i32.const 640))
