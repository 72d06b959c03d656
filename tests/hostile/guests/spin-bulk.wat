;; Fills 64 KiB at a time for ever, in code of the host.
;; expect: exit 3, says "did not process the window at offset 0 within 0.2 s"
;; options: --timeout 0.2
(func $transform (type $window)
  (loop (memory.fill (i32.const 65536) (i32.const 0) (i32.const 65536)) (br 0)) (i32.const 512))
