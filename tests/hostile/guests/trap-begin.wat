;; Gives up before the first window.
;; expect: exit 3, says "crashed before the first window"
(func $begin (type $file) unreachable)
