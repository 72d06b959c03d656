;; Asks for quotes that end records.
;; expect: exit 3, says "delimiter and quote of its framing are the same byte"
(data (i32.const 2056) "\02")
(data (i32.const 2064) "\0a\0a")
