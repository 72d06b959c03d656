;; Reports an error of a mebibyte.
;; expect: exit 3, says "bytes more)"
(data (i32.const 600) "\01")
(memory $memory 64)
(func $transform (type $window)
  (i32.store (i32.const 608) (i32.const 65536)) (i32.store (i32.const 612) (i32.const 1048576)) (i32.const 600))
