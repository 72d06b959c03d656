;; Imports a function that no plugin can have.
;; fails: imports
(import "env" "open" (func $open (param i32) (result i32)))
(func $transform (type $window)
  (drop (call $open (i32.const 0)))
  (i32.const 512))
