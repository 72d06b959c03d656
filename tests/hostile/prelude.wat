;; What a guest has unless it says otherwise: an honest plugin that changes
;; nothing. It is put behind each guest's own text; a part that begins with
;; `unless` is left out where the guest holds the text behind it.
;;
;; Memory: manifest at 0, `ok(unchanged)` at 512, the reply that `$edits`
;; builds at 600, `ok(job)` at 2048, spans from 4096, replacement bytes from
;; 6144, what is allocated from 8192.
(type $file (func (param i32 i32 i32 i64 i32 i32 i32 i64) (result i32)))
(type $window (func (param i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
(export "memory" (memory $memory))
(export "cabi_realloc" (func $realloc))
(export "runner:plugin/guest@0.2.0#describe" (func $describe))
(export "runner:plugin/guest@0.2.0#begin" (func $begin))
(export "runner:plugin/guest@0.2.0#transform" (func $transform))
;; unless: (memory $memory
(memory $memory 2)
;; unless: (data $manifest
;; Pointer and length of name, version, summary, licence and parameters.
(data $manifest (i32.const 0)
  "\00\04\00\00\05\00\00\00" "\40\04\00\00\05\00\00\00" "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00")
;; unless: (data $strings
(data $strings (i32.const 1024) "guest")
(data (i32.const 1088) "0.1.0")
(data (i32.const 1104) "A test guest.")
(data (i32.const 1168) "MIT")
;; unless: (func $describe
(func $describe (result i32) (i32.const 0))
;; unless: (func $begin
(func $begin (type $file) (i32.const 2048))
;; unless: (func $transform
(func $transform (type $window) (i32.const 512))
;; unless: (func $realloc
(global $top (mut i32) (i32.const 8192))
(func $realloc (param i32 i32 i32) (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
  (global.set $top (i32.add (local.get $at) (local.get $size)))
  (if (i32.gt_u (global.get $top) (i32.shl (memory.size) (i32.const 16)))
    (then (drop (memory.grow
      (i32.sub (i32.add (i32.shr_u (global.get $top) (i32.const 16)) (i32.const 1)) (memory.size))))))
  (local.get $at))
;; unless: (func $edits
(global $spans (mut i32) (i32.const 0))
(global $new (mut i32) (i32.const 0))
(data (i32.const 6144) "!!!!!!!!!!!!!!!!")
;; One more edit for `$edits`.
(func $span (param $start i32) (param $end i32) (param $len i32)
  (local $at i32)
  (local.set $at (i32.add (i32.const 4096) (i32.mul (global.get $spans) (i32.const 12))))
  (i32.store (local.get $at) (local.get $start))
  (i32.store offset=4 (local.get $at) (local.get $end))
  (i32.store offset=8 (local.get $at) (local.get $len))
  (global.set $spans (i32.add (global.get $spans) (i32.const 1)))
  (global.set $new (i32.add (global.get $new) (local.get $len))))
;; The reply of all edits since the last one: where it stands.
(func $edits (result i32)
  (i32.store8 (i32.const 600) (i32.const 0))
  (i32.store8 (i32.const 616) (i32.const 1))
  (i32.store (i32.const 620) (i32.const 4096))
  (i32.store (i32.const 624) (global.get $spans))
  (i32.store (i32.const 628) (i32.const 6144))
  (i32.store (i32.const 632) (global.get $new))
  (global.set $spans (i32.const 0))
  (global.set $new (i32.const 0))
  (i32.const 600))
