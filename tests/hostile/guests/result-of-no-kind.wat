;; Answers neither with a reply nor with an error.
;; expect: exit 3, says "plugin `result-of-no-kind` failed at offset 0"
(data (i32.const 600) "\02")
(func $transform (type $window)
  (i32.const 600))
