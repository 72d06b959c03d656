;; Answers with a reply at an odd address.
;; expect: exit 3, says "not aligned"
(func $transform (type $window)
  (i32.const 601))
