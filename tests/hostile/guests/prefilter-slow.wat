;; Asks for an expression for which each byte of the file makes a state of tens
;; of thousands of parts.
;; expect: exit 3, says "did not process the window at offset 0 within 1 s"
;; options: --timeout 1
;; file: 40000 x "abcdefghijklmnopqrstuvwxyz"
(memory $memory 40)
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\01\00\00\00" "\00\00\20\00\2a\00\00\00")
(data (i32.const 2097152) "(?s-u:[a-m].{28000}\\x00|[a-n].{28000}\\x01)")
