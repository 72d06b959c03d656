;; Answers with a change that there is not.
;; expect: exit 3, says "plugin `change-of-no-kind` failed at offset 0"
(data (i32.const 616) "\09")
(func $transform (type $window)
  (i32.const 600))
