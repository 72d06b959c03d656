;; Declares the largest memory there is.
;; expect: exit 3, says "needed more than 256 MiB of memory while starting"
(memory $memory 65536)
