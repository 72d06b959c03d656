;; Calls itself once for each byte of the window.
;; fails: trap
(func $deep (param $n i32) (result i32)
  (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
  (i32.add (i32.const 1) (call $deep (i32.sub (local.get $n) (i32.const 1)))))
(func $transform (type $window)
  (drop (call $deep (local.get 2)))
  (i32.const 512))
