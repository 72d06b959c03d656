;; Grows until it gets no more of what little it may have.
;; expect: exit 3, says "needed more than 16 MiB of memory at offset 0"
;; options: --memory 16M
(func $bomb (loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) unreachable)
(func $transform (type $window)
  (call $bomb) (i32.const 512))
