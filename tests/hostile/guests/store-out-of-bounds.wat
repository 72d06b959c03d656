;; Writes behind the end of its memory.
;; expect: exit 3, says "out of bounds memory access"
(func $transform (type $window)
  (i64.store offset=0xfffffff0 (i32.const -1) (i64.const -1)) (i32.const 512))
