;; Asks for a prefilter that there is not.
;; expect: exit 3, says "plugin `prefilter-of-no-kind` failed before the first window"
(data (i32.const 2088) "\63")
