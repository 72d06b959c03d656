;; Answers with an edit that ends behind the window.
;; expect: exit 3, says "an edit of bytes 0 to 1048576 of 8"
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1048576) (i32.const 1))
  (call $edits))
