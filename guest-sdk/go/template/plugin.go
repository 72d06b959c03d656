// Shifts time stamps such as `ts=2026-11-26T10:00:00Z` by a number of seconds.
package main

import (
	"bytes"

	"example.com/{{name}}-plugin/runner"
)

// The host never calls main: the plugin is what init registers.
func main() {}

func init() {
	runner.Register(runner.Plugin{
		Name:    "{{name}}",
		Version: "0.1.0",
		Summary: "Shifts time stamps by a number of seconds",
		License: "Apache-2.0",
		Params:  []runner.Param{runner.Integer("seconds", "How many seconds to add").Required()},
		Begin:   begin,
	})
}

func begin(in *runner.Input) (*runner.Job, error) {
	seconds := in.Integer("seconds")
	return &runner.Job{
		Prefilters:       []runner.Prefilter{runner.Literals("ts=")},
		Text:             true,
		LengthPreserving: true,
		Deterministic:    true,
		Counts:           []string{"stamps"},
		Transform: func(w *runner.Window, e *runner.Edits) error {
			for start, line := range w.Lines() {
				if err := shiftLine(start, line, seconds, e); err != nil {
					return err
				}
			}
			return nil
		},
	}, nil
}

var key = []byte("ts=")

const stampBytes = len("2026-11-26T10:00:00Z")

// shiftLine shifts the stamps of the line that begins at start in the window.
func shiftLine(start int, line []byte, seconds int64, e *runner.Edits) error {
	for at := 0; ; {
		found := bytes.Index(line[at:], key)
		if found < 0 {
			return nil
		}
		at += found
		from := at + len(key)
		to := from + stampBytes
		if to > len(line) {
			return nil
		}
		time, ok := parse(line[from:to])
		if !ok {
			at++
			continue
		}
		// The first comparison keeps the sum from wrapping around.
		if seconds < -allSeconds || seconds > allSeconds || time+seconds < 0 || time+seconds >= allSeconds {
			return runner.Fail("the shifted year is outside of 0000..9999").At(start + from)
		}
		stamp := format(time + seconds)
		e.Replace(start+from, start+to, stamp[:])
		e.Count("stamps", 1)
		at = to
	}
}

// allSeconds is the number of seconds in the years 0000 to 9999.
const allSeconds = 3652425 * 86400

// parse reads a stamp as seconds since 0000-01-01T00:00:00Z.
func parse(s []byte) (seconds int64, ok bool) {
	for i, form := range []byte("0000-00-00T00:00:00Z") {
		if form == '0' && s[i]-'0' > 9 || form != '0' && s[i] != form {
			return 0, false
		}
	}
	two := func(at int) int64 { return int64(s[at]-'0')*10 + int64(s[at+1]-'0') }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return dayNumber(year, month, day)*86400 + hour*3600 + minute*60 + second, true
}

func daysIn(year, month int64) int64 {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return [...]int64{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month]
}

// The calendar is the Gregorian one for all years. Years that begin in March
// have the leap day at their end; the one before 0000-03-01 is year -1, so 400
// years are added.

// dayNumber counts days from 0000-01-01, which is 0.
func dayNumber(year, month, day int64) int64 {
	year, month = year+400, month-3
	if month < 0 {
		year, month = year-1, month+12
	}
	return year*365 + year/4 - year/100 + year/400 + (month*153+2)/5 + day - 1 + 60 - 146097
}

// format is the inverse of parse.
func format(seconds int64) (stamp [stampBytes]byte) {
	days, rest := seconds/86400-60+146097, seconds%86400
	era, inEra := days/146097, days%146097
	yearOfEra := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (yearOfEra*365 + yearOfEra/4 - yearOfEra/100)
	month := (inYear*5 + 2) / 153
	day := inYear - (month*153+2)/5 + 1
	year := era*400 + yearOfEra - 400
	if month += 3; month > 12 {
		year, month = year+1, month-12
	}
	copy(stamp[:], "0000-00-00T00:00:00Z")
	put := func(at int, value int64) {
		stamp[at], stamp[at+1] = byte('0'+value/10), byte('0'+value%10)
	}
	put(0, year/100)
	put(2, year%100)
	put(5, month)
	put(8, day)
	put(11, rest/3600)
	put(14, rest/60%60)
	put(17, rest%60)
	return stamp
}
