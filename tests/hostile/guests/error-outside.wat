;; Reports an error that lies outside of its memory.
;; expect: exit 3, says "out of bounds"
(data (i32.const 600) "\01")
(func $transform (type $window)
  (i32.store (i32.const 608) (i32.const 0x7ffffff0)) (i32.store (i32.const 612) (i32.const 100)) (i32.const 600))
