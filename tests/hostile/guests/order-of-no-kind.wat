;; Asks for a byte order that there is not.
;; expect: exit 3, says "plugin `order-of-no-kind` failed before the first window"
(data (i32.const 2056) "\04") ;; length-prefixed
(data (i32.const 2076) "\01\05")
