//go:build !wasip1

package runner

import "os"

// Outside of WebAssembly, for `go vet`, editors and unit tests: there are no
// tables, and the log is standard error.

func hostLog(_ Level, message string) { os.Stderr.WriteString(message + "\n") }

func hostTableSize(string) (uint64, bool) { return 0, false }

func hostTableRead(string, uint64, uint32) []byte { return nil }
