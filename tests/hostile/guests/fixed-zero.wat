;; Asks for records of no bytes.
;; expect: exit 3, says "the record size of its framing is zero"
(data (i32.const 2056) "\03")
