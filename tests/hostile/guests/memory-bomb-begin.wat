;; Grows instead of beginning.
;; expect: exit 3, says "needed more than 256 MiB of memory before the first window"
(func $bomb (loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) unreachable)
(func $begin (type $file) (call $bomb) (i32.const 2048))
