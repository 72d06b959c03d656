;; Has a memory of 64 bits, a feature that is off.
;; expect: exit 3, says "memory-64"
(memory $memory i64 1)
