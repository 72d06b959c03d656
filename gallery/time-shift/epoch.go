package main

import (
	"bytes"

	"example.com/time-shift/runner"
)

// epochDigits is the number of digits of whole seconds. What follows them are
// thousandths, millionths or billionths.
const epochDigits = 10

// epochFields shifts the numbers of seconds since 1970 in the fields that the
// user has named.
func (s *shifter) epochFields(line []byte, e *runner.Edits) *runner.Failure {
	for i, name := range s.epochs {
		if repeated(s.epochs[:i], name) {
			continue
		}
		for at := 0; ; {
			found := bytes.Index(line[at:], name)
			if found < 0 {
				break
			}
			start := at + found
			at = start + 1
			if partOfName(line, start-1) {
				continue
			}
			from := valueAfter(line, start+len(name))
			to := from
			for digitAt(line, to) {
				to++
			}
			// A date or a word that begins with digits is no number of seconds.
			if to-from < 5 || partOfName(line, to) && line[to] != '.' || fits(line, to, "/") || fits(line, to, ":") {
				continue
			}
			if length := to - from; length != 10 && length != 13 && length != 16 && length != 19 {
				e.Count(countInvalid, 1)
				continue
			}
			rest := number(line[from:from+epochDigits]) + s.by
			if rest < 0 || rest >= 1e10 {
				return runner.Fail("the shifted number of seconds does not fit in ten digits").At(from)
			}
			put(s.add(line, from, to)[:epochDigits], rest)
			e.Count(countShifted, 1)
			at = to
		}
	}
	return nil
}

func repeated(before [][]byte, name []byte) bool {
	for _, other := range before {
		if bytes.Equal(other, name) {
			return true
		}
	}
	return false
}

// partOfName says whether a byte belongs to the name of a field.
func partOfName(line []byte, at int) bool {
	return wordAt(line, at) || at >= 0 && at < len(line) && (line[at] == '-' || line[at] == '.')
}

// valueAfter is where the value begins after the name of a field: after `=` or
// `:`, with blanks, and quotes as in JSON; the end of the line if there is none.
func valueAfter(line []byte, at int) int {
	skip := func(set string) {
		for at < len(line) && bytes.IndexByte([]byte(set), line[at]) >= 0 {
			at++
		}
	}
	if fits(line, at, `"`) || fits(line, at, `'`) {
		at++
	}
	skip(" \t")
	if !fits(line, at, "=") && !fits(line, at, ":") {
		return len(line)
	}
	at++
	skip(" \t")
	if fits(line, at, `"`) || fits(line, at, `'`) {
		at++
	}
	return at
}
