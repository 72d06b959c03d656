;; Has a memory that threads could share, a feature that is off.
;; expect: exit 3, says "memory-shared"
(memory $memory 1 2 shared)
