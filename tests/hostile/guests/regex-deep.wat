;; Asks for brackets in brackets, sixty thousand deep.
;; expect: exit 3, says "the prefilter of plugin `regex-deep` cannot be used"
(memory $memory 64)
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\01\00\00\00" "\00\00\01\00\60\ea\00\00")
(func $begin (type $file) (memory.fill (i32.const 65536) (i32.const 40) (i32.const 60000)) (i32.const 2048))
