;; Gives up while it starts.
;; expect: exit 3, says "crashed while starting"
(func $start unreachable)
(start $start)
