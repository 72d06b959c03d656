;; Asks for what would keep a backtracking search busy for ever: ours is linear.
;; expect: exit 0, file "abc\nabc\n"
(data (i32.const 2096) "\00\09\00\00\01\00\00\00")
(data (i32.const 2304) "\00\00\00\00" "\01\00\00\00" "\a0\08\00\00\10\00\00\00")
(data (i32.const 2208) "(a+)+(a+)+(a+)+$")
