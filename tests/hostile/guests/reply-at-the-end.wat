;; Answers with a reply whose last byte is outside of its memory.
;; expect: exit 3, says "plugin `reply-at-the-end` failed at offset 0"
(func $transform (type $window)
  (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 32)))
