;; Sleeps for 584 years at a time, for ever: each sleep is over at once.
;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
;; options: --timeout 0.2
(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
(data (i32.const 3088) "\01")
(data (i32.const 3096) "\ff\ff\ff\ff\ff\ff\ff\ff")
(func $transform (type $window)
  (loop (drop (call $poll (i32.const 3072) (i32.const 3200) (i32.const 1) (i32.const 3300))) (br 0)) (i32.const 512))
