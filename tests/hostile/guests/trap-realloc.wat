;; Has no room for what it is told.
;; expect: exit 3, says "crashed before the first window"
(func $realloc (param i32 i32 i32 i32) (result i32) unreachable)
