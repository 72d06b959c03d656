;; Gives up.
;; expect: exit 3, says "it aborted, usually because of a panic or a failed assertion"
(func $transform (type $window)
  unreachable)
