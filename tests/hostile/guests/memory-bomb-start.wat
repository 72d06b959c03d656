;; Grows while it starts.
;; expect: exit 3, says "needed more than 256 MiB of memory while starting"
(func $bomb (loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) unreachable)
(start $bomb)
