package main

import "example.com/time-shift/runner"

// maxShift is longer than all years that a stamp can have, and keeps sums from
// wrapping around.
const maxShift = 10000 * 366 * 86400

var units = []struct {
	name    byte
	seconds int64
}{{'w', 7 * 86400}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}

// parseDuration reads a number of seconds (`-90`), or numbers with units, the
// longest first (`1d2h`, `-30m`).
func parseDuration(text string) (int64, error) {
	bad := runner.Fail("`by` must be a number of seconds, or numbers with units such as 1w2d3h4m5s, with a `-` before all of it to go back")
	rest, sign := text, int64(1)
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		if rest[0] == '-' {
			sign = -1
		}
		rest = rest[1:]
	}
	var total int64
	next := 0 // The first unit that may still come.
	for first := true; first || rest != ""; first = false {
		digits := 0
		var number int64
		for ; digits < len(rest) && isDigit(rest[digits]); digits++ {
			number = min(number*10+int64(rest[digits]-'0'), maxShift)
		}
		if digits == 0 {
			return 0, bad
		}
		rest = rest[digits:]
		if rest == "" {
			if !first {
				return 0, bad
			}
			total = number
			break
		}
		unit := next
		for unit < len(units) && units[unit].name != rest[0] {
			unit++
		}
		if unit == len(units) {
			return 0, bad
		}
		total += number * units[unit].seconds
		next, rest = unit+1, rest[1:]
	}
	if total >= maxShift {
		return 0, runner.Fail("`by` is longer than all years that a stamp can have")
	}
	return sign * total, nil
}
