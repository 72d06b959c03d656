;; Reads behind the end of its memory.
;; expect: exit 3, says "out of bounds memory access"
(func $transform (type $window)
  (i32.load offset=0xffffffff (i32.const -1)))
