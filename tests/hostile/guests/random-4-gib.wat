;; Asks for 4 GiB of random bytes.
;; expect: exit 3, says "plugin `random-4-gib` crashed at offset 0"
(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
(func $transform (type $window)
  (drop (call $random (i32.const 65536) (i32.const -1))) unreachable)
