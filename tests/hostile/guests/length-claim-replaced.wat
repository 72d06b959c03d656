;; Claims never to change a length, and replaces a window by a shorter one.
;; expect: exit 3, says "changed a length, but claims that it never does"
(data (i32.const 2105) "\02")
(data (i32.const 616) "\02\00\00\00" "\00\18\00\00\04\00\00\00")
(func $transform (type $window)
  (i32.const 600))
