;; Reports an error that clears the terminal.
;; expect: exit 3, says "plugin `error-escape` failed at offset 0: \u{1b}[2Jno such field"
(data (i32.const 600) "\01")
(data (i32.const 3072) "\1b[2Jno such field")
(func $transform (type $window)
  (i32.store (i32.const 608) (i32.const 3072)) (i32.store (i32.const 612) (i32.const 17)) (i32.const 600))
