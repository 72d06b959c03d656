;; Edits the byte after a window of one byte.
;; fails: contract
(func $transform (type $window)
  (if (i32.ne (local.get 2) (i32.const 1)) (then (return (i32.const 512))))
  (call $span (i32.const 1) (i32.const 2) (i32.const 1))
  (call $edits))
