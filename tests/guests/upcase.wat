;; A WASI command: upper case for lower case, of ASCII. It reads 100 bytes at
;; once, and writes 1000 bytes at once and the rest at the end, as programs do
;; that have buffers.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; Two pieces to read into, of which the first is empty.
  (data (i32.const 0) "\80\00\00\00\00\00\00\00\00\01\00\00\64\00\00\00")
  ;; The piece to write: from 1024 on.
  (data (i32.const 16) "\00\04\00\00")
  (global $held (mut i32) (i32.const 0))
  (func $put (param $byte i32)
    (i32.store8 (i32.add (i32.const 1024) (global.get $held)) (local.get $byte))
    (global.set $held (i32.add (global.get $held) (i32.const 1)))
    (if (i32.eq (global.get $held) (i32.const 1000)) (then (call $flush))))
  (func $flush
    (i32.store (i32.const 20) (global.get $held))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
    (global.set $held (i32.const 0)))
  (func (export "_start")
    (local $at i32) (local $byte i32)
    (block $end
      (loop $more
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 24)))
        (br_if $end (i32.eqz (i32.load (i32.const 24))))
        (local.set $at (i32.const 0))
        (loop $next
          (local.set $byte (i32.load8_u offset=256 (local.get $at)))
          (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
            (then (local.set $byte (i32.sub (local.get $byte) (i32.const 32)))))
          (call $put (local.get $byte))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $at) (i32.load (i32.const 24)))))
        (br $more)))
    (call $flush)))
