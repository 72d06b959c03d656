;; Has a name that is none.
;; fails: describe
(data $strings (i32.const 1024) "GUEST")
