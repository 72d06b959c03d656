;; Logs a line with escape codes ten thousand times for each window.
;; expect: exit 0, says "log limit reached: further messages dropped"
(import "runner:plugin/host@0.2.0" "log" (func $log (param i32 i32 i32)))
(data (i32.const 3072) "\1b[2Jsaid by the guest")
(func $transform (type $window)
  (local $n i32)
  (local.set $n (i32.const 10000))
  (loop $again
    (call $log (i32.const 3) (i32.const 3072) (i32.const 21))
    (local.set $n (i32.sub (local.get $n) (i32.const 1)))
    (br_if $again (local.get $n)))
  (i32.const 512))
