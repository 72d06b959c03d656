module example.com/time-shift

go 1.24
