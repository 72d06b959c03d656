;; Edits what it has not consumed.
;; expect: exit 3, says "an edit of bytes 2 to 3 of 1"
(data (i32.const 2056) "\06") ;; sequential
(func $transform (type $window)
  (call $span (i32.const 2) (i32.const 3) (i32.const 1))
  (i64.store (i32.const 608) (i64.const 1))
  (call $edits))
