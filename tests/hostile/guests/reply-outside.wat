;; Answers with a reply outside of its memory.
;; expect: exit 3, says "plugin `reply-outside` failed at offset 0"
(func $transform (type $window)
  (i32.const 0x7ffffff8))
