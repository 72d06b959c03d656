;; Writes to standard output and standard error for ever: both go nowhere.
;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
;; options: --timeout 0.2
(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
(data (i32.const 3072) "\00\00\00\00\00\20\00\00")
(func $transform (type $window)
  (loop
    (drop (call $write (i32.const 1) (i32.const 3072) (i32.const 1) (i32.const 3080)))
    (drop (call $write (i32.const 2) (i32.const 3072) (i32.const 1) (i32.const 3080)))
    (br 0))
  (i32.const 512))
