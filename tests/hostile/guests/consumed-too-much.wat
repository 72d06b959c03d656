;; Has dealt with more than the file holds.
;; expect: exit 3, says "consumed 9 of the last 8 bytes"
(data (i32.const 2056) "\06") ;; sequential
(func $transform (type $window)
  (i64.store (i32.const 608) (i64.const 9)) (i32.const 600))
