;; Writes the letters after a text in capitals: with `after=level=`, the line
;; `level=warn up` becomes `level=WARN up`. Replace this with what your plugin does.
;;
;; This is the bare contract, without an SDK: runner/README.md explains how every
;; value lies in memory. The host calls three functions, `describe`, `begin` and
;; `transform`. Each returns the address of its answer.
(module
  ;; Two pages of 64 KiB. The first one holds what is fixed:
  ;;     64  the manifest            128  its parameter
  ;;    256  the answer of `begin`   352  its prefilter     384  its literal
  ;;    512  the answer of `transform`, or a failure
  ;;   1024  texts
  ;; Everything else is given out by `cabi_realloc`, from the second page on.
  (memory (export "memory") 2)

  (data (i32.const 1024) "{{name}}")
  (data (i32.const 1152) "0.1.0")
  (data (i32.const 1160) "Writes the letters after a text in capitals")
  (data (i32.const 1216) "Apache-2.0")
  (data (i32.const 1232) "after")
  (data (i32.const 1240) "level=")
  (data (i32.const 1248) "The text before the letters")
  (data (i32.const 1280) "`after` must be a text without line ends")

  ;; The first free byte, and what it is at the beginning of each window: after
  ;; the parameters, which stay.
  (global $free (mut i32) (i32.const 65536))
  (global $kept (mut i32) (i32.const 65536))
  ;; The text to look for.
  (global $key (mut i32) (i32.const 0))
  (global $key-length (mut i32) (i32.const 0))

  ;; The host asks for memory here before it passes a text, bytes or a list. No
  ;; memory is ever grown in place, so the first two parameters do not matter.
  (func $allocate (export "cabi_realloc")
    (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32) (local $pages i32)
    ;; Round up to a multiple of the alignment, which is a power of two.
    (local.set $at (i32.and
      (i32.sub (i32.add (global.get $free) (local.get $align)) (i32.const 1))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    ;; Grow the memory by as many pages as are missing.
    (local.set $pages (i32.sub
      (i32.shr_u (i32.add (global.get $free) (i32.const 65535)) (i32.const 16))
      (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0))
      (then
        (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1))
          (then (unreachable)))))
    (local.get $at))

  ;; Writes a list or a text at an address: where its content is, and its length.
  (func $list (param $at i32) (param $content i32) (param $length i32)
    (i32.store (local.get $at) (local.get $content))
    (i32.store offset=4 (local.get $at) (local.get $length)))

  ;; describe: func() -> manifest
  (func (export "runner:plugin/guest@0.2.0#describe") (result i32)
    (call $list (i32.const 64) (i32.const 1024) (i32.const {{name-length}})) ;; name
    (call $list (i32.const 72) (i32.const 1152) (i32.const 5))   ;; version
    (call $list (i32.const 80) (i32.const 1160) (i32.const 43))  ;; summary
    (call $list (i32.const 88) (i32.const 1216) (i32.const 10))  ;; license
    (call $list (i32.const 96) (i32.const 128) (i32.const 1))    ;; params: one
    ;; No tables at 104, no seed at 112: memory is zero.

    ;; The parameter: its name, its kind (0 is a text) and use (0 is optional), ...
    (call $list (i32.const 128) (i32.const 1232) (i32.const 5))
    ;; ... its default (1 says that there is one), and its documentation.
    (i32.store (i32.const 140) (i32.const 1))
    (call $list (i32.const 144) (i32.const 1240) (i32.const 6))
    (call $list (i32.const 152) (i32.const 1248) (i32.const 27))
    (i32.const 64))

  ;; begin: func(params: list<param>, file: file) -> result<job, failure>
  ;;
  ;; The file is passed field by field, and an option as two values.
  (func (export "runner:plugin/guest@0.2.0#begin")
    (param $params i32) (param $params-length i32)
    (param $has-size i32) (param $size i64) (param $head i32) (param $head-length i32)
    (param $has-seed i32) (param $seed i64)
    (result i32)
    (local $at i32)
    ;; There is one parameter, and it has a default, so it is the first. Its value
    ;; is a text, which begins 16 bytes after the start of the parameter.
    (global.set $key (i32.load offset=16 (local.get $params)))
    (global.set $key-length (i32.load offset=20 (local.get $params)))
    (global.set $kept (global.get $free))
    ;; An empty key is refused, and so is one with a line end: it could begin in
    ;; one line and end in the next, which may not be in the same window.
    (if (i32.eqz (global.get $key-length)) (then (return (call $refuse))))
    (loop $next
      (if (i32.eq (i32.load8_u (i32.add (global.get $key) (local.get $at))) (i32.const 10))
        (then (return (call $refuse))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $key-length))))

    ;; `ok` is 0 at 256; the job begins at 264, with its framing: 1 is `delimited`,
    ;; and the delimiter is a list of one byte, a line end, at 392.
    (i32.store8 (i32.const 264) (i32.const 1))
    (i32.store8 (i32.const 392) (i32.const 10))
    (call $list (i32.const 272) (i32.const 392) (i32.const 1))
    ;; One prefilter, at 352: only lines that hold the key are shown. Its id is 0 and
    ;; its pattern 0, `literals`, with one byte string, whose place is at 384.
    (call $list (i32.const 304) (i32.const 352) (i32.const 1))
    (call $list (i32.const 360) (i32.const 384) (i32.const 1))
    (call $list (i32.const 384) (global.get $key) (global.get $key-length))
    ;; Claims: 1 is text, 2 length-preserving, 8 deterministic.
    (i32.store8 (i32.const 313) (i32.const 11))
    (i32.const 256))

  ;; A failure: 1 is `error`; the message follows, and no position.
  (func $refuse (result i32)
    (i32.store8 (i32.const 512) (i32.const 1))
    (call $list (i32.const 520) (i32.const 1280) (i32.const 40))
    (i32.store (i32.const 528) (i32.const 0))
    (i32.const 512))

  ;; Whether the key stands at an address.
  (func $is-key (param $at i32) (result i32)
    (local $i i32)
    (loop $next
      (if (i32.ne
            (i32.load8_u (i32.add (local.get $at) (local.get $i)))
            (i32.load8_u (i32.add (global.get $key) (local.get $i))))
        (then (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (global.get $key-length))))
    (i32.const 1))

  ;; Whether a byte is an ASCII letter: one bit makes it a small one.
  (func $is-letter (param $byte i32) (result i32)
    (i32.lt_u
      (i32.sub (i32.or (local.get $byte) (i32.const 32)) (i32.const 97))
      (i32.const 26)))

  ;; transform: func(window: window) -> result<reply, failure>
  ;;
  ;; The window is passed field by field, too. Positions in edits count from its
  ;; first byte.
  (func (export "runner:plugin/guest@0.2.0#transform")
    (param $offset i64) (param $bytes i32) (param $length i32)
    (param $owned-start i32) (param $owned-end i32) (param $last i32) (param $first i32)
    (param $matches i32) (param $matches-length i32)
    (param $fields i32) (param $fields-length i32)
    (result i32)
    (local $at i32) (local $end i32) (local $start i32)
    (local $written i32) (local $spans i32) (local $count i32)
    (local $span i32)
    (local.set $at (local.get $bytes))
    (local.set $end (i32.add (local.get $bytes) (local.get $length)))
    ;; Replacements are collected at the beginning of the window, over what has been
    ;; read already: never more is written than was read.
    (local.set $written (local.get $bytes))
    (block $done
      (loop $next
        ;; Is there room for the key?
        (br_if $done (i32.lt_u
          (i32.sub (local.get $end) (local.get $at)) (global.get $key-length)))
        (if (i32.eqz (call $is-key (local.get $at)))
          (then
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
        (local.set $at (i32.add (local.get $at) (global.get $key-length)))
        (local.set $start (local.get $at))
        ;; Copy the letters after it, as capitals.
        (block $no-letter
          (loop $letter
            (br_if $no-letter (i32.ge_u (local.get $at) (local.get $end)))
            (br_if $no-letter (i32.eqz (call $is-letter (i32.load8_u (local.get $at)))))
            (i32.store8 (local.get $written)
              (i32.and (i32.load8_u (local.get $at)) (i32.const 0xdf)))
            (local.set $written (i32.add (local.get $written) (i32.const 1)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $letter)))
        (br_if $next (i32.eq (local.get $at) (local.get $start)))
        ;; One edit: its start, its end, and how many bytes replace it. Nothing else
        ;; is allocated meanwhile, so the edits are a list without gaps.
        (local.set $span (call $allocate (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 12)))
        (if (i32.eqz (local.get $count)) (then (local.set $spans (local.get $span))))
        (i32.store (local.get $span) (i32.sub (local.get $start) (local.get $bytes)))
        (i32.store offset=4 (local.get $span) (i32.sub (local.get $at) (local.get $bytes)))
        (i32.store offset=8 (local.get $span) (i32.sub (local.get $at) (local.get $start)))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br $next)))
    ;; `ok` is 0 at 512. The reply begins at 520: `consumed`, which does not matter
    ;; here, and what to change: 0 is nothing, 1 is edits, with their two lists.
    (i32.store8 (i32.const 512) (i32.const 0))
    (i32.store8 (i32.const 528) (i32.ne (local.get $count) (i32.const 0)))
    (call $list (i32.const 532) (local.get $spans) (local.get $count))
    (call $list (i32.const 540) (local.get $bytes)
      (i32.sub (local.get $written) (local.get $bytes)))
    ;; Nothing was counted.
    (call $list (i32.const 548) (i32.const 0) (i32.const 0))
    (i32.const 512))

  ;; The host calls this when it has read the answer of `transform`: the window and
  ;; the edits are of no more use.
  (func (export "cabi_post_runner:plugin/guest@0.2.0#transform") (param $answer i32)
    (global.set $free (global.get $kept))))
