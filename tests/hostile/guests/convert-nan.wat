;; Makes an integer of what is no number.
;; expect: exit 3, says "crashed at offset 0"
(func $transform (type $window)
  (i32.trunc_f64_s (f64.const nan)))
