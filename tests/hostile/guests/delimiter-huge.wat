;; Asks for records that end after a mebibyte of zeros.
;; expect: exit 3, says "the delimiter of its framing is longer than 255 bytes"
(data (i32.const 2056) "\01")
(data (i32.const 2064) "\00\00\01\00\00\00\10\00")
(memory $memory 64)
