package main

import "bytes"

const clockBytes = len("04:31:25")

// nextClock finds the next time of the day, such as 04:31:25, that is not a part
// of longer numbers; -1 if there is none.
func nextClock(line []byte, from int) int {
	for at := from; ; {
		found := bytes.IndexByte(line[at:], ':')
		if found < 0 {
			return -1
		}
		colon := at + found
		at = colon + 1
		clock := colon - 2
		if clock >= from && fits(line, clock, "00:00:00") && !digitAt(line, clock-1) && !digitAt(line, clock+clockBytes) {
			return clock
		}
	}
}

func isDigit(b byte) bool { return b-'0' <= 9 }

func isLetter(b byte) bool { return (b|0x20)-'a' < 26 }

func digitAt(line []byte, at int) bool { return at >= 0 && at < len(line) && isDigit(line[at]) }

func wordAt(line []byte, at int) bool {
	return at >= 0 && at < len(line) && (isDigit(line[at]) || isLetter(line[at]) || line[at] == '_')
}

// fits says whether a pattern stands at a place: `0` is a digit, `~` a digit or
// a blank, `M` a letter, `T` what separates a date from a time.
func fits(line []byte, at int, pattern string) bool {
	if at < 0 || at+len(pattern) > len(line) {
		return false
	}
	for i, b := range line[at : at+len(pattern)] {
		switch p := pattern[i]; {
		case p == '0' && isDigit(b), p == '~' && (isDigit(b) || b == ' '), p == 'M' && isLetter(b):
		case p == 'T' && (b == 'T' || b == 't' || b == ' ' || b == '_'):
		case p == b && p != '0' && p != '~' && p != 'M' && p != 'T':
		default:
			return false
		}
	}
	return true
}

// form is a form of a date that stands before the time of the day. Its parts are
// places in the pattern; -1 for none.
type form struct {
	pattern          string
	year, month, day int
	dayBytes         int
	name             bool // The month is a name.
}

var forms = []form{
	{"0000-00-00T", 0, 5, 8, 2, false},
	{"0000/00/00T", 0, 5, 8, 2, false},
	{"00/MMM/0000:", 7, 3, 0, 2, true},
	{"00 MMM 0000 ", 7, 3, 0, 2, true},
	{"00-MMM-0000 ", 7, 3, 0, 2, true},
	{"0 MMM 0000 ", 6, 2, 0, 1, true},
	{"MMM ~0 0000 ", 7, 0, 4, 2, true},
	{"MMM 0 0000 ", 6, 0, 4, 1, true},
	{"MMM ~0 ", -1, 0, 4, 2, true},
	{"MMM 0 ", -1, 0, 4, 1, true},
}

// stamp is a time stamp and where its parts are in the line; -1 for none.
type stamp struct {
	start, end                       int
	weekday, year, month, day, clock int
	dayBytes                         int
	name                             bool
	monthIs                          int64 // The month, if it is a name.
	padded                           bool  // A day of one digit has a zero before it.
	left                             bool  // Its form cannot be shifted.
}

// dateBefore finds the date to which a time of the day belongs.
func dateBefore(line []byte, clock int) (stamp, bool) {
	for _, f := range forms {
		at := clock - len(f.pattern)
		if !fits(line, at, f.pattern) || digitAt(line, at-1) || f.month == 0 && wordAt(line, at-1) {
			continue
		}
		s := stamp{
			start: at, end: clock + clockBytes, clock: clock, weekday: -1, year: -1,
			left:  isHalfDay(line, clock+clockBytes),
			month: at + f.month, day: at + f.day, dayBytes: f.dayBytes, name: f.name,
		}
		if f.name {
			if s.monthIs = 1 + nameAt(line, s.month, months[:]); s.monthIs == 0 {
				continue
			}
		}
		s.findWeekday(line)
		if f.year >= 0 {
			s.year = at + f.year
		} else {
			s.findYearAfter(line)
		}
		return s, true
	}
	return stamp{}, false
}

// findWeekday finds the name of a day before the date, as in `Sat, 28 Nov` or
// `Sat Nov 28`.
func (s *stamp) findWeekday(line []byte) {
	end := s.start
	if end > 0 && line[end-1] == ' ' {
		end--
	}
	if end > 0 && line[end-1] == ',' {
		end--
	}
	start := end
	for start > 0 && isLetter(line[start-1]) && end-start <= len("wednesday") {
		start--
	}
	if end == s.start || wordAt(line, start-1) {
		return
	}
	switch word := line[start:end]; {
	case len(word) == 3 && nameAt(line, start, weekdays[:]) >= 0:
		s.start, s.weekday = start, start
	case len(word) > 3: // In full, names of days differ in length.
		for _, full := range weekdaysInFull {
			s.left = s.left || bytes.EqualFold(word, []byte(full))
		}
	}
}

// findYearAfter finds the year of `Sat Nov 28 04:31:25.123 UTC 2026`, where the
// fraction and the zone may be absent, and of `Nov 28 04:31:25 2026 GMT`.
func (s *stamp) findYearAfter(line []byte) {
	at := fractionEnd(line, s.end)
	if s.weekday >= 0 || s.left {
		if fits(line, at, " +0000 ") || fits(line, at, " -0000 ") {
			at += len(" +0000")
		} else if zone := capitals(line, at+1); fits(line, at, " ") && zone >= 2 && zone <= 5 {
			at += 1 + zone
		}
	}
	if !fits(line, at, " 0000") || wordAt(line, at+5) {
		return
	}
	rest := line[at+5:]
	if s.weekday >= 0 || s.left || bytes.HasPrefix(rest, []byte(" GMT")) || bytes.HasPrefix(rest, []byte(" UTC")) {
		s.padded = fractionEnd(line, s.end) > s.end
		s.year, s.end = at+1, at+5
	}
}

// fractionEnd is where the fraction of a second ends that may stand at a place.
func fractionEnd(line []byte, at int) int {
	if at < len(line) && (line[at] == '.' || line[at] == ',') && digitAt(line, at+1) {
		for at++; digitAt(line, at); at++ {
		}
	}
	return at
}

// isHalfDay says whether AM or PM follows a time of the day.
func isHalfDay(line []byte, at int) bool {
	at = fractionEnd(line, at)
	if at < len(line) && line[at] == ' ' {
		at++
	}
	return fits(line, at, "MM") && (line[at]|0x20 == 'a' || line[at]|0x20 == 'p') && line[at+1]|0x20 == 'm' && !wordAt(line, at+2)
}

// capitals counts the capital letters at a place.
func capitals(line []byte, at int) (count int) {
	for at+count < len(line) && line[at+count]-'A' < 26 {
		count++
	}
	return count
}

// read is the time of the stamp, if it is one of the calendar. A stamp without a
// year has the one given.
func (s *stamp) read(line []byte, yearOfOthers int64) (t int64, valid bool) {
	year, month := yearOfOthers, s.monthIs
	if s.year >= 0 {
		year = number(line[s.year : s.year+4])
	}
	if !s.name {
		month = number(line[s.month : s.month+2])
	}
	day := number(line[s.day : s.day+s.dayBytes])
	hour, minute, second := number(line[s.clock:s.clock+2]), number(line[s.clock+3:s.clock+5]), number(line[s.clock+6:s.clock+8])
	if year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return dayNumber(year, month, day)*daySeconds + hour*3600 + minute*60 + second, true
}

// write puts a time into the text of the stamp. It returns false if the day does
// not fit.
func (s *stamp) write(text []byte, t int64) bool {
	days, rest := t/daySeconds, t%daySeconds
	year, month, day := date(days)
	if s.dayBytes == 1 && day > 9 {
		return false
	}
	field := func(at, length int) []byte { return text[at-s.start : at-s.start+length] }
	if s.weekday >= 0 {
		putName(field(s.weekday, 3), weekdays[days%7])
	}
	if s.year >= 0 {
		put(field(s.year, 4), year)
	}
	if s.name {
		putName(field(s.month, 3), months[month-1])
	} else {
		put(field(s.month, 2), month)
	}
	// A day of one digit has a blank before it in the forms that begin with the
	// month, unless there is a zero. Apache's log of errors has a zero.
	to := field(s.day, s.dayBytes)
	blank := s.name && s.day > s.month && to[0] != '0' && !s.padded
	put(to, day)
	if blank && s.dayBytes == 2 && day < 10 {
		to[0] = ' '
	}
	put(field(s.clock, 2), rest/3600)
	put(field(s.clock+3, 2), rest/60%60)
	put(field(s.clock+6, 2), rest%60)
	return true
}
