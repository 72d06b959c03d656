;; Asks for 64 KiB of random bytes for ever.
;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
;; options: --timeout 0.2
(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
(memory $memory 64)
(func $transform (type $window)
  (loop (drop (call $random (i32.const 0x200000) (i32.const 65536))) (br 0)) (i32.const 512))
