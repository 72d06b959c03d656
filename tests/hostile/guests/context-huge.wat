;; Asks for 4 GiB round each byte.
;; expect: exit 3, says "more than 1048576 bytes of context"
(data (i32.const 2056) "\05")
(data (i32.const 2064) "\ff\ff\ff\ff\ff\ff\ff\ff")
