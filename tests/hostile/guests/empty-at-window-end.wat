;; Inserts behind a window that is not the last one, which belongs to the next.
;; expect: exit 3, says "outside the range that it owns"
;; options: --window 64K
;; file: 50000 x "abc\n"
(func $transform (type $window)
  (call $span (local.get 2) (local.get 2) (i32.const 1))
  (call $edits))
