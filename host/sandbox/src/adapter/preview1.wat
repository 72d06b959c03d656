;; `wasi_snapshot_preview1` for core modules, so that the runtimes of languages
;; start: clocks stand still, random bytes are always the same, and there are no
;; files, variables or sockets. What is written to standard output and standard
;; error goes to the host, which has the arguments and standard input as well:
;; those of a command; a plugin has none.
;;
;; Each function has the type that WASI 0.1 gives it
;; (https://github.com/WebAssembly/WASI, legacy/preview1/docs.md). Errors: 8 is
;; `badf` (no such descriptor), 28 `inval`, 58 `notsup`.
(module
  (import "runner:wasi/output@0.1.0" "write" (func $write (param i32 i32 i32)))
  (import "runner:wasi/output@0.1.0" "exit" (func $exit (param i32)))
  (import "runner:wasi/input@0.1.0" "read" (func $read (param i32 i32)))
  (import "runner:wasi/input@0.1.0" "argument-count" (func $argument_count (result i32)))
  (import "runner:wasi/input@0.1.0" "argument-bytes" (func $argument_bytes (result i32)))
  (import "runner:wasi/input@0.1.0" "argument-byte" (func $argument_byte (param i32) (result i32)))
  (import "env" "memory" (memory 0))

  ;; What the streams are: a character device (2), so that a plugin's runtime
  ;; writes each line at once. Those of a command are of no known type (0).
  (global $stream_type (mut i32) (i32.const 2))

  ;; Where the host writes the bytes that it reads: where the module wants them.
  (global $target (mut i32) (i32.const 0))
  (func (export "cabi_import_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $target))

  ;; The state of the generator of random numbers.
  (global $random (mut i64) (i64.const 0x72756e6e65722121))

  ;; The time of day (clock 0), in nanoseconds since 1970: the last second of
  ;; 2000. Every other clock shows 1: Go's
  ;; runtime takes 0 for a failure.
  (global $now i64 (i64.const 978307199000000000))

  ;; Each argument has a zero after it.
  (func (export "args_get") (param $list i32) (param $bytes i32) (result i32)
    (local $at i32) (local $size i32) (local $byte i32) (local $starts i32)
    (local.set $size (call $argument_bytes))
    (local.set $starts (i32.const 1))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $size)))
        (if (local.get $starts)
          (then
            (i32.store (local.get $list) (i32.add (local.get $bytes) (local.get $at)))
            (local.set $list (i32.add (local.get $list) (i32.const 4)))))
        (local.set $byte (call $argument_byte (local.get $at)))
        (i32.store8 (i32.add (local.get $bytes) (local.get $at)) (local.get $byte))
        (local.set $starts (i32.eqz (local.get $byte)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.const 0))
  (func (export "args_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (call $argument_count))
    (i32.store (local.get 1) (call $argument_bytes))
    (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32)
    (i32.const 0))
  (func (export "environ_sizes_get") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 0))
    (i32.store (local.get 1) (i32.const 0))
    (i32.const 0))
  (func (export "clock_res_get") (param i32 i32) (result i32)
    (i64.store (local.get 1) (i64.const 1000000000))
    (i32.const 0))
  (func (export "clock_time_get") (param i32 i64 i32) (result i32)
    (i64.store
      (local.get 2)
      (select (i64.const 1) (global.get $now) (local.get 0)))
    (i32.const 0))
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32)
    (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32)
    (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32)
    (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32)
    (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32)
    (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32)
    (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32)
    (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32)
    (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32)
    (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32)
    (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32)
    (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32)
    (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32)
    (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32)
    (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32)
    (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32)
    (i32.const 8))
  ;; Programs close standard output to see whether all of it was written.
  (func (export "fd_close") (param i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 2)) (then (return (i32.const 8))))
    (i32.const 0))
  (func (export "fd_sync") (param i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 2)) (then (return (i32.const 8))))
    (i32.const 0))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 2)) (then (return (i32.const 8))))
    ;; No flags, and the rights to read and write.
    (i64.store (local.get 1) (i64.extend_i32_u (global.get $stream_type)))
    (i64.store offset=8 (local.get 1) (i64.const 66))
    (i64.store offset=16 (local.get 1) (i64.const 0))
    (i32.const 0))
  (func (export "fd_filestat_get") (param i32 i32) (result i32)
    (if (i32.gt_u (local.get 0) (i32.const 2)) (then (return (i32.const 8))))
    (memory.fill (local.get 1) (i32.const 0) (i32.const 64))
    (i32.store8 offset=16 (local.get 1) (global.get $stream_type))
    (i64.store offset=24 (local.get 1) (i64.const 1))
    (i32.const 0))
  ;; Fills the first piece that is not empty, or a part of it. No bytes are the
  ;; end.
  (func (export "fd_read") (param $fd i32) (param $pieces i32) (param $count i32) (param $read_bytes i32) (result i32)
    (local $at i32) (local $most i32) (local $bytes i32)
    (if (local.get $fd) (then (return (i32.const 8))))
    (block $found
      (loop $next
        (br_if $found (i32.eqz (local.get $count)))
        (br_if $found (local.tee $most (i32.load offset=4 (local.get $pieces))))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (if (local.get $count)
      (then
        (local.set $at (i32.load (local.get $pieces)))
        (global.set $target (local.get $at))
        ;; The host says where the bytes are, and how many, in two numbers. They
        ;; are written over those of the piece, which come back afterwards.
        (call $read (local.get $most) (local.get $pieces))
        (local.set $bytes (i32.load offset=4 (local.get $pieces)))
        (i32.store (local.get $pieces) (local.get $at))
        (i32.store offset=4 (local.get $pieces) (local.get $most))))
    (i32.store (local.get $read_bytes) (local.get $bytes))
    (i32.const 0))
  ;; Passes on each piece of what is written.
  (func (export "fd_write") (param $fd i32) (param $pieces i32) (param $count i32) (param $written i32) (result i32)
    (local $sum i32)
    (if (i32.or (i32.eqz (local.get $fd)) (i32.gt_u (local.get $fd) (i32.const 2))) (then (return (i32.const 8))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (call $write
          (local.get $fd)
          (i32.load (local.get $pieces))
          (i32.load offset=4 (local.get $pieces)))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $pieces))))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))

  ;; Every wait ends at once: each subscription (48 bytes) becomes an event (32
  ;; bytes) with its user data and its type.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (local $left i32)
    (if (i32.eqz (local.get $count)) (then (return (i32.const 28))))
    (local.set $left (local.get $count))
    (loop $next
      (memory.fill (local.get $out) (i32.const 0) (i32.const 32))
      (i64.store (local.get $out) (i64.load (local.get $in)))
      (i32.store8 offset=10 (local.get $out) (i32.load8_u offset=8 (local.get $in)))
      (local.set $in (i32.add (local.get $in) (i32.const 48)))
      (local.set $out (i32.add (local.get $out) (i32.const 32)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.store (local.get $events) (local.get $count))
    (i32.const 0))

  (func (export "proc_exit") (param i32)
    (call $exit (local.get 0))
    unreachable)
  (func (export "proc_raise") (param i32) (result i32)
    (i32.const 58))
  (func (export "sched_yield") (result i32)
    (i32.const 0))
  ;; SplitMix64 (Steele, Lea, Flood 2014), a byte of each number.
  (func (export "random_get") (param $at i32) (param $count i32) (result i32)
    (local $mixed i64)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (global.set $random (i64.add (global.get $random) (i64.const 0x9e3779b97f4a7c15)))
        (local.set $mixed (global.get $random))
        (local.set $mixed
          (i64.mul
            (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 30)))
            (i64.const 0xbf58476d1ce4e5b9)))
        (local.set $mixed
          (i64.mul
            (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 27)))
            (i64.const 0x94d049bb133111eb)))
        (i64.store8
          (local.get $at)
          (i64.xor (local.get $mixed) (i64.shr_u (local.get $mixed) (i64.const 31))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.const 0)))
