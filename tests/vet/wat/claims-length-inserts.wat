;; Claims never to change a length, and inserts a byte.
;; fails: length
(data (i32.const 2105) "\02")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 0) (i32.const 1))
  (call $edits))
