package runner

// Job is what a plugin asks for when it begins on a file, and what it does with
// each window. Only Transform is needed.
type Job struct {
	// Transform answers for one window: it adds edits. An error ends the run
	// with the file untouched.
	Transform func(w *Window, e *Edits) error
	// Framing says where records end. The zero value stands for Lines().
	Framing Framing
	// Prefilters say which records can matter at all, at most 64. Without any,
	// every record is shown. The first one has the id 0, the next one 1, and so
	// on, unless WithID says otherwise.
	Prefilters []Prefilter
	// ShowAll shows records that match no prefilter as well. Then the
	// prefilters only say which records match.
	ShowAll bool
	// Text promises that the plugin reads text: UTF-8, or an encoding that has
	// ASCII as a part. The host refuses a compressed file or one in UTF-16.
	Text bool
	// LengthPreserving promises that every edit keeps the length. The host
	// enforces it.
	LengthPreserving bool
	// Idempotent promises that a second run changes nothing.
	Idempotent bool
	// Deterministic promises that the same input gives the same edits.
	Deterministic bool
	// ShowEmpty shows an empty file as one empty window.
	ShowEmpty bool
	// Counts are the names of what Edits.Count counts, at most 256.
	Counts []string
	// Project shows only these fields of each record.
	Project *Projection
	// Ranges are, with BytesFraming, the only ranges of the file that are
	// shown: sorted and disjoint.
	Ranges []Range
}

// Range is a range [Start, End) of the file.
type Range struct{ Start, End uint64 }

// Projection shows only some fields of each record, with the framings Quoted
// and Lines or Delimited, and without prefilters. Window.Fields has them.
type Projection struct {
	// Delimiter ends a field.
	Delimiter byte
	// Fields are the ones shown, counted from 0: sorted, at least one.
	Fields []uint32
}

// Prefilter is what a record must contain to be shown. Make it with Literals,
// LiteralsAnyCase or Regex.
type Prefilter struct {
	literals []string
	anyCase  bool
	regex    string
	isRegex  bool
	id       int // The id and 1; 0 for the index.
}

// Literals finds records that contain at least one of these byte strings.
func Literals(patterns ...string) Prefilter { return Prefilter{literals: patterns} }

// LiteralsAnyCase is like Literals, but ASCII letters match either case.
func LiteralsAnyCase(patterns ...string) Prefilter {
	return Prefilter{literals: patterns, anyCase: true}
}

// Regex finds records that contain a match of this regular expression: syntax
// of the Rust crate `regex`, which is nearly that of Go's package regexp. It
// must not match the empty string.
func Regex(expression string) Prefilter { return Prefilter{regex: expression, isRegex: true} }

// WithID returns the same prefilter with another id, 0 to 63.
func (p Prefilter) WithID(id int) Prefilter { p.id = id + 1; return p }

type framing uint8

// In the order of the contract.
const (
	framingBytes framing = iota
	framingDelimited
	framingQuoted
	framingFixed
	framingLengthPrefixed
	framingOverlapping
	framingSequential
)

// Framing says where records end. Make it with Lines, Delimited, Quoted, Fixed,
// LengthPrefixed, Overlapping, BytesFraming or Sequential.
type Framing struct {
	is               bool // False for the zero value, which stands for Lines.
	kind             framing
	delimiter        string
	delimiterByte    byte
	quote            byte
	header, size     uint64
	prefix           Prefix
	before, lookPast uint32
}

func (f Framing) orLines() Framing {
	if !f.is {
		return Lines()
	}
	return f
}

// Lines makes records of lines: each one ends after a `\n`.
func Lines() Framing { return Delimited("\n") }

// Delimited makes records that end after each occurrence of these bytes.
func Delimited(delimiter string) Framing {
	return Framing{is: true, kind: framingDelimited, delimiter: delimiter}
}

// Quoted makes records that end after a delimiter outside quotes, as in CSV.
func Quoted(delimiter, quote byte) Framing {
	return Framing{is: true, kind: framingQuoted, delimiterByte: delimiter, quote: quote}
}

// Fixed makes records of one size, after a header that is never shown.
func Fixed(header, size uint64) Framing {
	return Framing{is: true, kind: framingFixed, header: header, size: size}
}

// LengthPrefixed makes records that state their own length.
func LengthPrefixed(p Prefix) Framing {
	return Framing{is: true, kind: framingLengthPrefixed, prefix: p}
}

// Overlapping cuts anywhere, and shows up to 1 MiB before and after the owned
// part of the window, in which edits must start.
func Overlapping(before, after uint32) Framing {
	return Framing{is: true, kind: framingOverlapping, before: before, lookPast: after}
}

// BytesFraming cuts anywhere, and shows each byte once.
func BytesFraming() Framing { return Framing{is: true, kind: framingBytes} }

// Sequential shows the file in order to one instance. Edits.Consumed says how
// much of a window was dealt with.
func Sequential() Framing { return Framing{is: true, kind: framingSequential} }

// ByteOrder says how the bytes of a field are ordered.
type ByteOrder uint8

// The orders of bytes.
const (
	LittleEndian ByteOrder = iota
	BigEndian
)

// Prefix says where a record states its length. A record has
// Offset + Width + field + Adjustment bytes.
type Prefix struct {
	// Header is the number of bytes at the start of the file that are in no
	// record and never shown.
	Header uint64
	// Offset is where the length field begins, from the record's start.
	Offset uint32
	// Width is the width of the length field: 1 to 8 bytes.
	Width uint8
	// Order is the order of the field's bytes.
	Order ByteOrder
	// Adjustment is added to the field.
	Adjustment int64
	// Checks are true of the head of every record; at most 16.
	Checks []Check
}

// Check is what a field of every record's head holds.
type Check struct {
	// Offset is where the field begins, from the record's start.
	Offset uint32
	// Width is the width of the field: 1 to 8 bytes.
	Width uint8
	// Order is the order of the field's bytes.
	Order ByteOrder
	// Min and Max are the least and the greatest value.
	Min, Max uint64
}
