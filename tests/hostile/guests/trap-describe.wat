;; Gives up before it has said what it is.
;; expect: exit 3, says "crashed while describing itself"
(func $describe (result i32) unreachable)
