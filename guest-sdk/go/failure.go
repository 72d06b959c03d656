package runner

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
)

// Failure is an error that the user sees as it is. Any other error will do as
// well; only a Failure has a position.
type Failure struct {
	// Message says what is wrong and what to do.
	Message string
	// Position is the byte of the window (in Begin: of the head) that is the
	// reason, or -1. The host says in which line of the file it is.
	Position int
}

// Fail makes an error without a position.
func Fail(message string) *Failure { return &Failure{Message: message, Position: -1} }

// At returns the same error at a byte of the window.
func (f *Failure) At(position int) *Failure { return &Failure{f.Message, position} }

// Error is the message.
func (f *Failure) Error() string { return f.Message }

// failureOf is the message of an error, and its position or -1.
func failureOf(err error) (string, int) {
	var f *Failure
	position := -1
	if errors.As(err, &f) {
		position = f.Position
	}
	return err.Error(), position
}

// caught logs a panic with its place, and returns the error that the host is
// given. It must be called by the deferred function that recovered.
func caught(recovered any) *Failure {
	message := "panic: " + text(recovered)
	if at := place(); at != "" {
		message += " (" + at + ")"
	}
	Log(LevelError, message)
	return Fail(message)
}

func text(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case error:
		return value.Error()
	case interface{ String() string }:
		return value.String()
	case int:
		return strconv.Itoa(value)
	}
	return "(a value that is neither a text nor an error)"
}

// place is the file and the line that panicked: the innermost one of the call
// stack that is neither in the runtime nor here.
func place() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	own, panicked := "", false
	for {
		frame, more := frames.Next()
		dir := frame.File[:strings.LastIndexByte(frame.File, '/')+1]
		if own == "" {
			own = dir
		}
		switch {
		case frame.Function == "runtime.gopanic":
			panicked = true
		case panicked && dir != own && !strings.HasPrefix(frame.Function, "runtime."):
			return frame.File[len(dir):] + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return ""
		}
	}
}
