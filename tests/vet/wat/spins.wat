;; Never answers for an empty line.
;; fails: time
;; options: --timeout 0.3
(func $transform (type $window)
  (if (i32.eq (i32.load8_u (local.get 1)) (i32.const 10)) (then (loop $again (br $again))))
  (i32.const 512))
