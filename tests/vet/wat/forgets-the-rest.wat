;; With the framing `sequential`: consumes whole windows, but counts what it has
;; seen in windows, not in bytes.
;; fails: split threads
(data (i32.const 2056) "\06")
(func $transform (type $window)
  (call $span (i32.const 0) (i32.const 1) (i32.const 1))
  (i64.store (i32.const 608) (i64.extend_i32_u (local.get 2)))
  (call $edits))
