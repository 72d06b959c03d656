;; Declares a table of ten million elements.
;; expect: exit 3, says "failed while starting"
(table 10000000 funcref)
