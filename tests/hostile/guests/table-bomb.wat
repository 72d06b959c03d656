;; Grows a table until it gets no more, and gives up.
;; expect: exit 3, says "crashed at offset 0"
(table $table 1 funcref)
(func $transform (type $window)
  (loop (br_if 0 (i32.ne (table.grow $table (ref.null func) (i32.const 4096)) (i32.const -1))))
  unreachable)
