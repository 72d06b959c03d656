;; Asks for a length field of no bytes.
;; expect: exit 3, says "0 bytes wide; it must have 1 to 8 bytes"
(data (i32.const 2056) "\04")
