;; Reports an error without a word.
;; expect: exit 3, says "plugin `error-empty` failed at offset 0"
(data (i32.const 600) "\01")
(func $transform (type $window)
  (i32.store (i32.const 608) (i32.const 3072)) (i32.store (i32.const 612) (i32.const 0)) (i32.const 600))
