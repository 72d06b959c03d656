package main

var (
	months         = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	weekdays       = [...]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	weekdaysInFull = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
)

// nameAt says which of some names of three letters stands at a place, in any
// case; -1 if none does.
func nameAt(line []byte, at int, names []string) int64 {
	for i, name := range names {
		if line[at]|0x20 == name[0] && line[at+1]|0x20 == name[1] && line[at+2]|0x20 == name[2] {
			return int64(i)
		}
	}
	return -1
}

// putName writes a name with capitals where those of the one before were.
func putName(to []byte, name string) {
	for i := range to {
		to[i] = name[i]&^0x20 | to[i]&0x20
	}
}

// number reads digits; a blank is a 0.
func number(digits []byte) (value int64) {
	for _, b := range digits {
		value *= 10
		if b != ' ' {
			value += int64(b - '0')
		}
	}
	return value
}

// put fills a field with the digits of a number, which must fit.
func put(to []byte, value int64) {
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = byte('0' + value%10)
		value /= 10
	}
}
