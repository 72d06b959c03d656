;; Asks for records that end after nothing.
;; expect: exit 3, says "the delimiter of its framing is empty"
(data (i32.const 2056) "\01")
