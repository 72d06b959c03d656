;; Puts 600,000 bytes into each window: a patch that is to have 1 MiB.
;; expect: exit 3, says "the edits of plugin `guest` make the"
;; options: --patch-limit 1M
;; file: 400000 x "abcdefgh"
(memory $memory 40)
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 0) (i32.const 600000)) (call $edits))
