;; Uses up its stack while it starts.
;; expect: exit 3, says "crashed while starting"
(func $deeper (result i64) (i64.add (i64.const 1) (call $deeper)))
(func $start (drop (call $deeper)))
(start $start)
