;; Answers with edits and replacement bytes in one place: the edits say that the
;; bytes, which are the edits, be put in.
;; expect: exit 3, says "fewer replacement bytes than its edits need"
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 12))
  (drop (call $edits))
  (i32.store (i32.const 620) (i32.const 4096)) (i32.store (i32.const 624) (i32.const 1))
  (i32.store (i32.const 628) (i32.const 4096)) (i32.store (i32.const 632) (i32.const 11))
  (i32.const 600))
