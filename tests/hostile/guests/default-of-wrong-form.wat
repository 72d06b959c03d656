;; Has an integer whose default is no integer.
;; expect: exit 3, says "the default `x=` of its parameter `x` is not an integer"
(data $manifest (i32.const 0)
  "\00\04\00\00\05\00\00\00" "\40\04\00\00\05\00\00\00" "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00"
  "\00\10\00\00\01\00\00\00")
(data (i32.const 4096) "\c0\10\00\00\01\00\00\00" "\01\00\00\00" "\01\00\00\00\c0\10\00\00\02\00\00\00" "\00\00\00\00\00\00\00\00")
(data (i32.const 4288) "x=")
