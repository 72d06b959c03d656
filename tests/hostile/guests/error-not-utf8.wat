;; Reports an error that is no text.
;; expect: exit 3, says "utf-8"
(data (i32.const 600) "\01")
(data (i32.const 3072) "a\ff")
(func $transform (type $window)
  (i32.store (i32.const 608) (i32.const 3072)) (i32.store (i32.const 612) (i32.const 2)) (i32.const 600))
