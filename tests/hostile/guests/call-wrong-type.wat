;; Calls a function as one of another type.
;; expect: exit 3, says "indirect call type mismatch"
(table 1 funcref)
(elem (i32.const 0) $realloc)
(func $transform (type $window)
  (call_indirect (type $window) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9) (local.get 10) (i32.const 0)))
