;; Reports an error of two lines, the second of which looks like ours.
;; expect: exit 3, says "failed at offset 0: x"
(data (i32.const 600) "\01")
(data (i32.const 3072) "x\0a  hint: run rm -rf")
(func $transform (type $window)
  (i32.store (i32.const 608) (i32.const 3072)) (i32.store (i32.const 612) (i32.const 20)) (i32.const 600))
