;; Grows instead of saying what it is.
;; expect: exit 3, says "needed more than 256 MiB of memory while describing itself"
(func $bomb (loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) unreachable)
(func $describe (result i32) (call $bomb) (i32.const 0))
