//go:build wasip1

package runner

import "unsafe"

// writeJob is the answer of begin.
func writeJob(j *Job) uint32 {
	r := fresh()
	j.Framing = j.Framing.orLines()
	f := &j.Framing
	r.u8(8, uint8(f.kind))
	switch f.kind {
	case framingDelimited:
		r.text(16, f.delimiter)
	case framingQuoted:
		r.u8(16, f.delimiterByte)
		r.u8(17, f.quote)
	case framingFixed:
		r.u64(16, f.header)
		r.u64(24, f.size)
	case framingLengthPrefixed:
		r.u64(16, f.prefix.Header)
		r.u32(24, f.prefix.Offset)
		r.u8(28, f.prefix.Width)
		r.u8(29, uint8(f.prefix.Order))
		r.u64(32, uint64(f.prefix.Adjustment))
		listOf(r, 40, 24, f.prefix.Checks, func(r record, c *Check) {
			r.u32(0, c.Offset)
			r.u8(4, c.Width)
			r.u8(5, uint8(c.Order))
			r.u64(8, c.Min)
			r.u64(16, c.Max)
		})
	case framingOverlapping:
		r.u32(16, f.before)
		r.u32(20, f.lookPast)
	}
	next := 0
	listOf(r, 48, 20, j.Prefilters, func(r record, p *Prefilter) {
		id := next
		if next++; p.id != 0 {
			id = p.id - 1
		}
		r.u8(0, uint8(min(id, 255)))
		if p.isRegex {
			r.u8(4, 1)
			r.text(8, p.regex)
			return
		}
		r.texts(8, p.literals)
		r.bool(16, p.anyCase)
	})
	r.bool(56, j.ShowAll)
	r.u8(57, flags(j.Text, j.LengthPreserving, j.Idempotent, j.Deterministic))
	r.bool(58, j.ShowEmpty)
	r.texts(60, j.Counts)
	if j.Project != nil {
		r.u8(68, 1)
		r.u8(72, j.Project.Delimiter)
		fields := j.Project.Fields
		r.list(76, unsafe.Pointer(unsafe.SliceData(fields)), len(fields))
	}
	if j.Ranges != nil {
		r.u8(84, 1)
		r.list(88, unsafe.Pointer(unsafe.SliceData(j.Ranges)), len(j.Ranges))
	}
	return r.address()
}
