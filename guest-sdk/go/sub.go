package runner

import (
	"bytes"
	"regexp"
)

// Match is a match of a regular expression in a record.
type Match struct {
	// Start and End are its place in the window.
	Start, End int
	record     []byte
	at         int // Where the record starts in the window.
	groups     []int
}

// Group is the text of a group, counted from 1; 0 is the whole match. It is nil
// for a group that took no part.
func (m *Match) Group(n int) []byte {
	if 2*n+1 >= len(m.groups) || m.groups[2*n] < 0 {
		return nil
	}
	return m.record[m.groups[2*n]:m.groups[2*n+1]]
}

// GroupStart is where a group starts in the window; -1 for one that took no
// part.
func (m *Match) GroupStart(n int) int {
	if m.Group(n) == nil {
		return -1
	}
	return m.at + m.groups[2*n]
}

// Sub replaces all matches of re in the record that starts at a position of the
// window. In the replacement, `$1` or `${name}` stands for a group.
func (e *Edits) Sub(re *regexp.Regexp, start int, record []byte, replacement string) {
	for _, groups := range all(re, record) {
		e.template = append(e.template[:0], replacement...)
		e.expanded = re.Expand(e.expanded[:0], e.template, record, groups)
		e.Replace(start+groups[0], start+groups[1], e.expanded)
	}
}

// SubFunc calls f for all matches of re in the record that starts at a position
// of the window. What f returns replaces the match; nil leaves it alone.
func (e *Edits) SubFunc(re *regexp.Regexp, start int, record []byte, f func(m *Match) ([]byte, error)) error {
	for _, groups := range all(re, record) {
		m := Match{start + groups[0], start + groups[1], record, start, groups}
		with, err := f(&m)
		if err != nil {
			return err
		}
		if with != nil {
			e.Replace(m.Start, m.End, with)
		}
	}
	return nil
}

// all are the groups of all matches. Package regexp takes long to find nothing,
// so it is only asked as often as what every match begins with is there.
func all(re *regexp.Regexp, record []byte) [][]int {
	most := -1
	if prefix, _ := re.LiteralPrefix(); prefix != "" {
		if most = bytes.Count(record, []byte(prefix)); most == 0 {
			return nil
		}
	}
	return re.FindAllSubmatchIndex(record, most)
}
