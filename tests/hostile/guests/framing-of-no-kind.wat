;; Asks for a framing that there is not.
;; expect: exit 3, says "plugin `framing-of-no-kind` failed before the first window"
(data (i32.const 2056) "\63")
