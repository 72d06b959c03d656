;; Refuses any file with a message that clears the terminal.
;; expect: exit 3, says "failed before the first window: \u{1b}[2Jno"
(data (i32.const 2048) "\01\00\00\00\00\00\00\00" "\00\0c\00\00\06\00\00\00")
(data (i32.const 3072) "\1b[2Jno")
