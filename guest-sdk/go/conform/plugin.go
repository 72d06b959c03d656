// Uses every part of the contract, in the same way as the plugin `conform` of
// every other language, so that their answers can be compared byte by byte. It
// is of no other use.
package main

import (
	"bytes"
	"strconv"

	"example.com/conform/runner"
)

func main() {}

func init() {
	runner.Register(runner.Plugin{
		Name:    "conform",
		Version: "1.0.0",
		Summary: "Uses every part of the contract",
		License: "Apache-2.0",
		Params: []runner.Param{
			runner.Choice("framing", "Where records end", "lines", "bytes", "quoted", "fields", "fixed",
				"length-prefixed", "overlapping", "sequential").Default("lines"),
			runner.Text("text", "A text").Default("hi"),
			runner.Integer("number", "A number").Default("7"),
			runner.Boolean("flag", "A truth").Default("true"),
			runner.Bytes("data", "Some bytes").Default(`\x00\xff`),
			runner.Secret("word", "A secret"),
			runner.Text("many", "Texts").Repeats(),
			runner.Text("file", "The content of a file").FromFile(),
		},
		Tables: []runner.Table{{Name: "notes", Doc: "Any bytes"}},
		Seed:   true,
		Begin:  begin,
	})
}

func begin(in *runner.Input) (*runner.Job, error) {
	size := "stream"
	if in.Size >= 0 {
		size = strconv.FormatInt(in.Size, 10)
	}
	runner.Debug("size " + size + ", head " + strconv.Itoa(len(in.Head)))
	if at := bytes.IndexByte(in.Head, '#'); at >= 0 {
		return nil, runner.Fail("the head has a #").At(at)
	}
	told := tell(in)
	switch in.Text("framing") {
	case "lines":
		return &runner.Job{
			Prefilters: []runner.Prefilter{
				runner.LiteralsAnyCase("a=", "b="),
				runner.Regex("c=[0-9]+"),
				runner.Literals("!", "?", "@"),
			},
			ShowAll:       true,
			ShowEmpty:     true,
			Counts:        []string{"first", "second"},
			Text:          true,
			Deterministic: true,
			Transform:     func(w *runner.Window, e *runner.Edits) error { return lines(w, e, told) },
		}, nil
	case "bytes":
		return &runner.Job{
			Framing:          runner.BytesFraming(),
			Ranges:           []runner.Range{{Start: 0, End: 4}, {Start: 8, End: 12}},
			LengthPreserving: true,
			Transform:        xToY,
		}, nil
	case "quoted":
		return &runner.Job{
			Framing:    runner.Quoted('\n', '"'),
			Prefilters: []runner.Prefilter{runner.Literals("x")},
			Transform:  lengths,
		}, nil
	case "fields":
		return &runner.Job{
			Framing:   runner.Quoted('\n', '"'),
			Project:   &runner.Projection{Delimiter: ',', Fields: []uint32{0, 2}},
			Transform: fields,
		}, nil
	case "fixed":
		return &runner.Job{
			Framing:          runner.Fixed(4, 8),
			LengthPreserving: true,
			Idempotent:       true,
			Transform:        firstIsLast,
		}, nil
	case "length-prefixed":
		return &runner.Job{
			Framing: runner.LengthPrefixed(runner.Prefix{
				Header: 2, Offset: 1, Width: 2, Order: runner.BigEndian, Adjustment: 1,
				Checks: []runner.Check{{Offset: 0, Width: 1, Order: runner.LittleEndian, Min: 1, Max: 9}},
			}),
			Transform: lengthModulo10,
		}, nil
	case "overlapping":
		return &runner.Job{Framing: runner.Overlapping(2, 3), Transform: deletions}, nil
	}
	return &runner.Job{Framing: runner.Sequential(), Transform: turned}, nil
}

// tell is name=value for each parameter, in the order in which they came, then
// the seed and the table.
func tell(in *runner.Input) (told []byte) {
	for _, v := range in.Values {
		if v.Name == "framing" {
			continue
		}
		told = append(append(told, v.Name...), '=')
		switch v.Kind {
		case runner.KindText:
			told = append(told, v.Text...)
		case runner.KindBytes:
			told = append(told, v.Bytes...)
		case runner.KindInteger:
			told = strconv.AppendInt(told, v.Integer, 10)
		case runner.KindBoolean:
			told = append(told, map[bool]string{true: "yes", false: "no"}[v.Boolean]...)
		}
		told = append(told, '|')
	}
	if in.HasSeed {
		told = append(strconv.AppendUint(append(told, "seed="...), in.Seed, 10), '|')
	} else {
		told = append(told, "no seed|"...)
	}
	table := runner.OpenTable("notes")
	if table == nil {
		return append(told, "no notes"...)
	}
	told = append(strconv.AppendUint(append(told, "notes["...), table.Size, 10), "]="...)
	return append(told, table.Read(1, 5)...)
}

// lines says at the start of each line which prefilters matched, and does what
// a line asks for.
func lines(w *runner.Window, e *runner.Edits, told []byte) error {
	if w.First && w.Last && len(w.Bytes) == 0 {
		e.InsertString(0, "empty")
		return nil
	}
	for start, line := range w.Lines() {
		ids := w.Matches(start)
		if ids != 0 {
			e.InsertString(start, strconv.FormatUint(ids, 16)+" ")
		}
		e.Count("first", ids&1)
		e.Count("second", ids>>1&1)
		for i, c := range line {
			switch {
			case c == '!':
				return runner.Fail("bang").At(start + i)
			case c == '?':
				runner.Warn("asked")
			case c == '@' && i > 0:
				e.Replace(start+i, start+i+1, told)
			}
		}
	}
	return nil
}

// xToY makes `y` of `x`.
func xToY(w *runner.Window, e *runner.Edits) error {
	for at, c := range w.Bytes {
		if c == 'x' {
			e.ReplaceString(at, at+1, "y")
		}
	}
	return nil
}

// lengths writes the number of its bytes before each record that has an `x`.
func lengths(w *runner.Window, e *runner.Edits) error {
	for start, record := range w.Records() {
		if bytes.IndexByte(record, 'x') >= 0 {
			e.InsertString(start, strconv.Itoa(len(record))+":")
		}
	}
	return nil
}

// fields writes its index and its length in place of each field.
func fields(w *runner.Window, e *runner.Edits) error {
	for f := range w.Fields() {
		e.ReplaceString(f.Start, f.Start+len(f.Bytes),
			"<"+strconv.Itoa(int(f.Index))+":"+strconv.Itoa(len(f.Bytes))+">")
	}
	return nil
}

// firstIsLast makes the first byte of each record the last one, too.
func firstIsLast(w *runner.Window, e *runner.Edits) error {
	for start, record := range w.Records() {
		end := start + len(record)
		e.Replace(end-1, end, record[:1])
	}
	return nil
}

// lengthModulo10 writes the length of each record into its first byte.
func lengthModulo10(w *runner.Window, e *runner.Edits) error {
	for start, record := range w.Records() {
		e.Replace(start, start+1, []byte{byte(len(record) % 10)})
	}
	return nil
}

// deletions deletes `abc`, and an `x` between two blanks.
func deletions(w *runner.Window, e *runner.Edits) error {
	b := w.Bytes
	for at := w.OwnedStart; at < w.OwnedEnd; at++ {
		switch {
		case bytes.HasPrefix(b[at:], []byte("abc")):
			e.Delete(at, at+3)
			at += 2
		case b[at] == 'x' && at > 0 && b[at-1] == ' ' && at+1 < len(b) && b[at+1] == ' ':
			e.Delete(at, at+1)
		}
	}
	return nil
}

// turned turns every whole group of four bytes round, and deletes the rest.
func turned(w *runner.Window, e *runner.Edits) error {
	whole := len(w.Bytes) / 4 * 4
	for at := 0; at < whole; at += 4 {
		b := w.Bytes[at : at+4]
		e.Replace(at, at+4, []byte{b[3], b[2], b[1], b[0]})
	}
	e.Consumed(uint64(whole))
	if w.Last {
		e.Delete(whole, len(w.Bytes))
		e.Consumed(uint64(len(w.Bytes)))
	}
	return nil
}
