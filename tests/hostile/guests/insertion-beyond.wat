;; Inserts behind the end of the file and one byte more.
;; expect: exit 3, says "an edit of bytes 9 to 9 of 8"
(func $transform (type $window)
  (call $span (i32.const 9) (i32.const 9) (i32.const 1))
  (call $edits))
