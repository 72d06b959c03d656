;; Is named over two lines, the second of which looks like ours.
;; expect: exit 3, says "its name `a\nerror: b` is not one word"
(data $strings (i32.const 1024) "a\0aerror: b")
(func $describe (result i32)
  (i32.store (i32.const 4) (i32.const 10)) (i32.store (i32.const 12) (i32.const 5)) (i32.store (i32.const 8) (i32.const 1040))
  (i32.const 0))
(data (i32.const 1040) "1.0.0")
