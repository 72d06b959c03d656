package runner

import (
	"bytes"
	"iter"
)

// Window is what a plugin sees in one call. It and its slices belong to the
// call: copy what you want to keep. Nothing may be written into them.
type Window struct {
	// Offset is the file offset of the first byte of Bytes. When prefilters
	// leave records out, the rest are packed together, and only the first one
	// stands at this offset.
	Offset uint64
	// Bytes is the content.
	Bytes []byte
	// OwnedStart and OwnedEnd bound where edits may start. That is the whole
	// window, but for Overlapping.
	OwnedStart, OwnedEnd int
	// Last says that Bytes ends at the end of the file. Do not rely on a last
	// window when prefilters leave records out.
	Last bool
	// First says that Bytes begins at the start of the file.
	First bool

	matches []match
	fields  []field
	framing Framing
	matched int // Where Matches looked last.
}

// match and field have the layout of the contract.
type match struct {
	start uint32
	_     uint32
	ids   uint64
}

type field struct{ start, index uint32 }

// Field is a field that a projection shows.
type Field struct {
	// Start is its position in the window.
	Start int
	// Index says which field of its record it is, counted from 0. Where it is
	// not greater than the one before, another record begins.
	Index uint32
	// Bytes is the field as it stands in the file, quotes included.
	Bytes []byte
}

// Records goes over the records of the job's framing: the position and the
// bytes of each, with its delimiter. With a framing without records, the
// window is one record.
func (w *Window) Records() iter.Seq2[int, []byte] {
	switch f := w.framing.orLines(); f.kind {
	case framingDelimited:
		return w.Delimited(f.delimiter)
	case framingQuoted:
		return w.Quoted(f.delimiterByte, f.quote)
	case framingFixed:
		return w.Fixed(int(f.size))
	case framingLengthPrefixed:
		return w.LengthPrefixed(f.prefix)
	}
	return func(yield func(int, []byte) bool) {
		if len(w.Bytes) > 0 {
			yield(0, w.Bytes)
		}
	}
}

// Lines goes over the lines: the position and the bytes of each, without the
// `\n` that ends it.
func (w *Window) Lines() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		rest := w.Bytes
		for start := 0; len(rest) > 0; {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				yield(start, rest)
				return
			}
			if !yield(start, rest[:end:end]) {
				return
			}
			start += end + 1
			rest = rest[end+1:]
		}
	}
}

// Delimited goes over records that end with a delimiter, which belongs to them.
func (w *Window) Delimited(delimiter string) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		all, by := w.Bytes, []byte(delimiter)
		for start := 0; start < len(all) && len(by) > 0; {
			// An occurrence may begin in the record before, as long as it ends
			// in this one: `aaa` delimited by `aa` is `aa` and `a`.
			from := max(start+1-len(by), 0)
			end := len(all)
			if found := bytes.Index(all[from:], by); found >= 0 {
				end = from + found + len(by)
			}
			if !yield(start, all[start:end:end]) {
				return
			}
			start = end
		}
	}
}

// Quoted goes over records that end with a delimiter outside quotes, which
// belongs to them.
func (w *Window) Quoted(delimiter, quote byte) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		all := w.Bytes
		for start := 0; start < len(all); {
			end, inside := start, false
			for end < len(all) {
				c := all[end]
				end++
				if c == quote {
					inside = !inside
				} else if c == delimiter && !inside {
					break
				}
			}
			if !yield(start, all[start:end:end]) {
				return
			}
			start = end
		}
	}
}

// Fixed goes over records of one size; the file's last one may be shorter.
func (w *Window) Fixed(size int) iter.Seq2[int, []byte] {
	size = max(size, 1)
	return func(yield func(int, []byte) bool) {
		all := w.Bytes
		for start := 0; start < len(all); start += size {
			end := min(start+size, len(all))
			if !yield(start, all[start:end:end]) {
				return
			}
		}
	}
}

// LengthPrefixed goes over records that state their own length; the file's last
// one may be shorter. Only Offset, Width, Order and Adjustment matter.
func (w *Window) LengthPrefixed(p Prefix) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		all := w.Bytes
		for start := 0; start < len(all); {
			end := start + p.length(all[start:])
			if !yield(start, all[start:end:end]) {
				return
			}
			start = end
		}
	}
}

// length is the length of the record at the start of rest: all of it if the
// record is cut short or its length impossible.
func (p Prefix) length(rest []byte) int {
	head := int(p.Offset) + int(p.Width)
	if head > len(rest) {
		return len(rest)
	}
	stated := p.Order.decode(rest[p.Offset:head])
	if stated > uint64(len(rest)) && (p.Adjustment >= 0 || stated-uint64(-p.Adjustment) > uint64(len(rest))) {
		return len(rest)
	}
	length := int(stated) + int(p.Adjustment) + head
	if length < max(head, 1) || length > len(rest) {
		return len(rest)
	}
	return length
}

func (o ByteOrder) decode(b []byte) (value uint64) {
	for i, c := range b {
		if o == LittleEndian {
			value |= uint64(c) << (8 * i)
		} else {
			value = value<<8 | uint64(c)
		}
	}
	return value
}

// Fields goes over the fields that the job's projection shows.
func (w *Window) Fields() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for i, f := range w.fields {
			next := len(w.Bytes)
			if i+1 < len(w.fields) {
				next = int(w.fields[i+1].start)
			}
			start := int(f.start)
			end := max(next-1, start)
			if !yield(Field{start, f.index, w.Bytes[start:end:end]}) {
				return
			}
		}
	}
}

// Matches returns which prefilters the record that starts at this position
// matches: bit n for the id n. The window only knows it when the job has
// several prefilters or ShowAll.
func (w *Window) Matches(start int) uint64 {
	at := w.matched
	if at > len(w.matches) || at > 0 && int(w.matches[at-1].start) >= start {
		at = 0
	}
	for at < len(w.matches) && int(w.matches[at].start) < start {
		at++
	}
	w.matched = at
	if at < len(w.matches) && int(w.matches[at].start) == start {
		return w.matches[at].ids
	}
	return 0
}
