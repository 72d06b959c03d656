;; Claims never to change a length, and makes one edit shorter, another longer.
;; expect: exit 3, says "changed a length, but claims that it never does"
(data (i32.const 2105) "\02")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 2)) (call $span (i32.const 2) (i32.const 4) (i32.const 1))
  (call $edits))
