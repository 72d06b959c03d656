;; Reads behind the end of a table.
;; expect: exit 3, says "crashed at offset 0"
(table $table 1 funcref)
(func $transform (type $window)
  (drop (table.get $table (i32.const 1000000))) (i32.const 512))
