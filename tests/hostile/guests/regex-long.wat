;; Asks for an expression of a mebibyte.
;; expect: exit 3, says "the prefilter of plugin `regex-long` cannot be used"
(memory $memory 64)
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\01\00\00\00" "\00\00\01\00\00\00\10\00")
(func $begin (type $file) (memory.fill (i32.const 65536) (i32.const 97) (i32.const 1048576)) (i32.const 2048))
