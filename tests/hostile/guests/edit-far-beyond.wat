;; Answers with an edit at the end of what 32 bits can say.
;; expect: exit 3, says "an edit of bytes 4294967295 to 4294967295 of 8"
(func $transform (type $window)
  (call $span (i32.const -1) (i32.const -1) (i32.const 1))
  (call $edits))
