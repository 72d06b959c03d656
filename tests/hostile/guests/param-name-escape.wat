;; Has a parameter whose name clears the terminal.
;; expect: exit 3, says "parameter's name `\u{1b}[2J` is not one word"
(data $manifest (i32.const 0)
  "\00\04\00\00\05\00\00\00" "\40\04\00\00\05\00\00\00" "\50\04\00\00\0d\00\00\00" "\90\04\00\00\03\00\00\00"
  "\00\10\00\00\01\00\00\00")
(data (i32.const 4096) "\c0\10\00\00\04\00\00\00" "\00\00\00\00" "\00\00\00\00\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
(data (i32.const 4288) "\1b[2J")
