;; Asks for literals of 8 MiB together.
;; expect: exit 3, says "are more than 1048576 bytes"
(memory $memory 512)
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\00\00\00\00" "\00\00\01\00\80\00\00\00")
(func $begin (type $file)
  (local $at i32)
  (loop $next
    (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $at) (i32.const 8))) (i32.const 1024))
    (i32.store (i32.add (i32.const 65540) (i32.mul (local.get $at) (i32.const 8))) (i32.const 65536))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 128))))
  (i32.const 2048))
