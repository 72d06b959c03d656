;; Never starts.
;; expect: exit 3, says "did not start and describe itself within 0.2 s"
;; options: --timeout 0.2
(func $spin (loop (br 0)))
(start $spin)
