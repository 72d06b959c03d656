;; Uses up its stack instead of saying what it is.
;; expect: exit 3, says "crashed while describing itself"
(func $deeper (result i64) (i64.add (i64.const 1) (call $deeper)))
(func $describe (result i32) (drop (call $deeper)) (i32.const 0))
