;; Answers with an edit that ends before it starts.
;; expect: exit 3, says "an edit of bytes 5 to 2 of 8"
(func $transform (type $window)
  (call $span (i32.const 5) (i32.const 2) (i32.const 1))
  (call $edits))
