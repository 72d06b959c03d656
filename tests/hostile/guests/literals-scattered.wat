;; Asks for 349,000 literals of three bytes, which begin in all ways there are.
;; expect: exit 0, unchanged
(memory $memory 512)
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\00\00\00\00" "\00\00\01\00\48\53\05\00")
(func $begin (type $file)
  (local $at i32) (local $text i32)
  (loop $next
    (local.set $text (i32.add (i32.const 4194304) (i32.mul (local.get $at) (i32.const 3))))
    (i32.store (local.get $text) (local.get $at))
    (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $at) (i32.const 8))) (local.get $text))
    (i32.store (i32.add (i32.const 65540) (i32.mul (local.get $at) (i32.const 8))) (i32.const 3))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 349000))))
  (i32.const 2048))
