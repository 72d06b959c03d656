// Shifts the time stamps of logs by a number of seconds, in place: every stamp
// keeps its form and its length.
package main

import (
	"strings"

	"example.com/time-shift/runner"
)

// The host never calls main: the plugin is what init registers.
func main() {}

func init() {
	runner.Register(runner.Plugin{
		Name:    "time-shift",
		Version: "0.1.0",
		Summary: "Shifts the time stamps of logs, each in its own form and length",
		License: "Apache-2.0",
		Params: []runner.Param{
			runner.Text("by", "How far: seconds, or days, hours, minutes as in 1d2h30m; may be negative").Required(),
			runner.Integer("year", "Year of stamps without one, as in Nov 28 04:31:25 (they stay if it is not given)"),
			runner.Text("epoch", "Name of a field that holds seconds since 1970 (10 digits), or ms (13), us (16), ns (19)").Repeats(),
		},
		Begin: begin,
	})
}

// What is counted: stamps shifted, stamps that are no time of the calendar, and
// stamps that cannot be shifted in their form.
const (
	countShifted = "shifted"
	countInvalid = "invalid"
	countLeft    = "left-alone"
)

func begin(in *runner.Input) (*runner.Job, error) {
	by, err := parseDuration(in.Text("by"))
	if err != nil {
		return nil, err
	}
	s := &shifter{by: by, year: in.Integer("year")}
	if in.Has("year") && (s.year < 1 || s.year > 9999) {
		return nil, runner.Fail("`year` must be from 1 to 9999")
	}
	prefilters := []runner.Prefilter{runner.Regex(`[0-9]:[0-9][0-9]:[0-9][0-9]`)}
	for _, name := range in.Texts("epoch") {
		if name == "" || strings.ContainsAny(name, "\n") {
			return nil, runner.Fail("`epoch` must be the name of a field")
		}
		s.epochs = append(s.epochs, []byte(name))
	}
	if len(s.epochs) > 0 {
		prefilters = append(prefilters, runner.Literals(in.Texts("epoch")...))
	}
	return &runner.Job{
		Prefilters:       prefilters,
		Text:             true,
		LengthPreserving: true,
		Deterministic:    true,
		Counts:           []string{countShifted, countInvalid, countLeft},
		Transform:        s.transform,
	}, nil
}

// shifter is the job on one file. The slices are kept to be used again.
type shifter struct {
	by, year int64
	epochs   [][]byte
	found    []change
	text     []byte
}

// change is an edit of a line: text[from:from+end-start] replaces the range. The
// two searches each find changes in order.
type change struct{ start, end, from int }

func (s *shifter) transform(w *runner.Window, e *runner.Edits) error {
	for start, line := range w.Lines() {
		s.found, s.text = s.found[:0], s.text[:0]
		if err := s.clocks(line, e); err != nil {
			return err.At(start + err.Position)
		}
		if err := s.epochFields(line, e); err != nil {
			return err.At(start + err.Position)
		}
		for _, c := range s.found {
			e.Replace(start+c.start, start+c.end, s.text[c.from:c.from+c.end-c.start])
		}
	}
	return nil
}

// add notes a change of the range [start, end) and returns its text, which is
// what stands there so far. Changes stay in order.
func (s *shifter) add(line []byte, start, end int) []byte {
	from := len(s.text)
	s.text = append(s.text, line[start:end]...)
	s.found = append(s.found, change{start, end, from})
	for i := len(s.found) - 1; i > 0 && s.found[i-1].start > start; i-- {
		s.found[i-1], s.found[i] = s.found[i], s.found[i-1]
	}
	return s.text[from:]
}

// clocks shifts the stamps that have a time of the day.
func (s *shifter) clocks(line []byte, e *runner.Edits) *runner.Failure {
	for from := 0; ; {
		clock := nextClock(line, from)
		if clock < 0 {
			return nil
		}
		from = clock + clockBytes
		p, found := dateBefore(line, clock)
		if !found {
			continue
		}
		if p.left || p.year < 0 && s.year == 0 {
			e.Count(countLeft, 1)
			continue
		}
		t, valid := p.read(line, s.year)
		if !valid {
			e.Count(countInvalid, 1)
			continue
		}
		if t += s.by; t < firstSecond || t >= endSecond {
			return runner.Fail("the shifted year is outside of 1 to 9999").At(p.start)
		}
		if !p.write(s.add(line, p.start, p.end), t) {
			return runner.Fail("the shifted day has two digits, where there is room for one").At(p.start)
		}
		e.Count(countShifted, 1)
		from = max(from, p.end)
	}
}
