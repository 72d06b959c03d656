;; Has two memories, a feature that is off.
;; expect: exit 3, says "cannot compile `memory-two`"
(memory $memory 1)
(memory $other 1)
