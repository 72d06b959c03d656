;; Gives up.
;; expect: exit 3, says "it gave up (a panic, an abort or a failed assertion)"
(func $transform (type $window)
  unreachable)
