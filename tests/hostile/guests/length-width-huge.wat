;; Asks for a length field of 255 bytes.
;; expect: exit 3, says "255 bytes wide; it must have 1 to 8 bytes"
(data (i32.const 2056) "\04")
(data (i32.const 2064) "\00\00\00\00\00\00\00\00\00\00\00\00\ff")
