// Numbers lines, and goes on counting in the next window.
// fails: split reset threads
package main

import (
	"strconv"

	"example.com/bad-plugin/runner"
)

func main() {}

func init() {
	runner.Register(runner.Plugin{
		Name: "bad", Version: "0.1.0", Summary: "A plugin with a fault", License: "MIT",
		Begin: func(*runner.Input) (*runner.Job, error) {
			lines := 0
			return &runner.Job{
				Transform: func(w *runner.Window, e *runner.Edits) error {
					lines += len(w.Bytes) % 7
					for start := range w.Lines() {
						e.Insert(start, []byte(strconv.Itoa(lines)))
					}
					return nil
				},
			}, nil
		},
	})
}
