//go:build wasip1

package runner

import (
	"unsafe"
)

// The canonical ABI of the contract, by hand. Lists are an address and a
// length; a result is at the address that the function returns.


//go:wasmimport runner:plugin/host@0.2.0 log
func importLog(level uint32, message unsafe.Pointer, length uint32)

//go:wasmimport runner:plugin/host@0.2.0 table-size
func importTableSize(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport runner:plugin/host@0.2.0 table-read
func importTableRead(name unsafe.Pointer, length uint32, offset uint64, wanted uint32, result unsafe.Pointer)

func hostLog(level Level, message string) {
	importLog(uint32(level), unsafe.Pointer(unsafe.StringData(message)), uint32(len(message)))
}

func hostTableSize(name string) (uint64, bool) {
	var result [2]uint64
	importTableSize(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), unsafe.Pointer(&result))
	return result[1], result[0]&0xff != 0
}

func hostTableRead(name string, offset uint64, length uint32) []byte {
	var result [2]uint32
	before := arena
	importTableRead(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), offset, length, unsafe.Pointer(&result))
	content := append([]byte(nil), slice[byte](result[0], result[1])...)
	arena = before
	return content
}

// slice is a list that the host has written.
func slice[T any](address, length uint32) []T {
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(uintptr(address))), length)
}

// arena holds what the host writes for one call. Its chunk is kept and used
// again, so that neither memory nor the collector's work grows with the file.
var arena struct {
	chunk  []uint64
	used   uintptr    // Bytes of chunk.
	older  [][]uint64 // Chunks filled in this call.
	filled uintptr    // Bytes of older.
}

//go:wasmexport cabi_realloc
func cabiRealloc(old, oldSize, align, size uint32) uint32 {
	a := &arena
	at := (a.used + uintptr(align) - 1) &^ (uintptr(align) - 1)
	if at+uintptr(size) > uintptr(len(a.chunk))*8 {
		if a.used > 0 {
			a.older = append(a.older, a.chunk)
			a.filled += a.used
		}
		a.chunk = newChunk(uintptr(size))
		at = 0
	}
	a.used = at + uintptr(size)
	address := uint32(uintptr(unsafe.Pointer(unsafe.SliceData(a.chunk))) + at)
	if oldSize > 0 {
		copy(slice[byte](address, size), slice[byte](old, min(oldSize, size)))
	}
	return address
}

// newChunk makes a chunk for that many bytes and an eighth more.
func newChunk(size uintptr) []uint64 { return make([]uint64, (size+size/8)/8+512) }

// release ends the life of what the host has written. What did not fit into
// one chunk will fit the next time.
func release() {
	a := &arena
	if a.older != nil {
		size := a.filled + a.used
		a.older, a.chunk = nil, nil
		a.chunk = newChunk(size)
	}
	a.used, a.filled = 0, 0
}

// result is what the host reads: it must not move, and all that it points to
// must stay alive until then.
var (
	result [16]uint64
	kept   []unsafe.Pointer
)

// record writes one record of the ABI.
type record []uint64

func (r record) at(offset int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(r)), offset)
}
func (r record) u8(offset int, value uint8)   { *(*uint8)(r.at(offset)) = value }
func (r record) u32(offset int, value uint32) { *(*uint32)(r.at(offset)) = value }
func (r record) u64(offset int, value uint64) { *(*uint64)(r.at(offset)) = value }
func (r record) bool(offset int, value bool) {
	if value {
		r.u8(offset, 1)
	}
}

// list writes an address and a length, and keeps what is there.
func (r record) list(offset int, data unsafe.Pointer, length int) {
	if length > 0 {
		kept = append(kept, data)
		r.u32(offset, uint32(uintptr(data)))
	} else {
		r.u32(offset, 8)
	}
	r.u32(offset+4, uint32(length))
}

func (r record) text(offset int, text string) {
	r.list(offset, unsafe.Pointer(unsafe.StringData(text)), len(text))
}

// listOf writes a list of records of this size in bytes.
func listOf[T any](r record, offset, size int, items []T, write func(item record, value *T)) {
	all := make(record, (size*len(items)+7)/8)
	for i := range items {
		// Sizes that are not multiples of 8 need an unaligned view.
		item := unsafe.Slice((*uint64)(all.at(size*i)), (size+7)/8)
		write(record(item), &items[i])
	}
	r.list(offset, all.at(0), len(items))
}

func fresh() record {
	clear(result[:])
	kept = kept[:0]
	return record(result[:])
}

func (r record) address() uint32 { return uint32(uintptr(r.at(0))) }

//go:wasmexport runner:plugin/guest@0.2.0#describe
func describe() uint32 {
	r, p := fresh(), registered
	if p == nil {
		Log(LevelError, "the plugin never called runner.Register in an init function")
		panic("no plugin")
	}
	r.text(0, p.Name)
	r.text(8, p.Version)
	r.text(16, p.Summary)
	r.text(24, p.License)
	listOf(r, 32, 40, p.Params, func(r record, p *Param) {
		r.text(0, p.name)
		r.u8(8, [...]uint8{0, 1, 2, 3, 4, 5}[p.kind])
		r.u8(9, flags(p.required, p.repeats, p.fromFile))
		r.bool(12, p.hasDefault)
		r.text(16, p.fallback)
		r.text(24, p.doc)
		r.texts(32, p.choices)
	})
	listOf(r, 40, 20, p.Tables, func(r record, t *Table) {
		r.text(0, t.Name)
		r.bool(8, t.Required)
		r.text(12, t.Doc)
	})
	r.bool(48, p.Seed)
	return r.address()
}

func (r record) texts(offset int, texts []string) {
	listOf(r, offset, 8, texts, func(r record, text *string) { r.text(0, *text) })
}

func flags(set ...bool) (all uint8) {
	for i, is := range set {
		if is {
			all |= 1 << i
		}
	}
	return all
}

type abiParam struct {
	name, nameLength uint32
	tag              uint32
	_                uint32
	value            uint64
}

var (
	job    *Job
	window Window
	edits  Edits
)

//go:wasmexport runner:plugin/guest@0.2.0#begin
func begin(params, paramsLength, hasSize uint32, size uint64, head, headLength, hasSeed uint32, seed uint64) (address uint32) {
	defer rescue(&address)
	in := Input{Size: -1, Seed: seed, HasSeed: hasSeed != 0}
	if hasSize != 0 {
		in.Size = int64(size)
	}
	in.Head = append([]byte{}, slice[byte](head, headLength)...)
	for _, p := range slice[abiParam](params, paramsLength) {
		v := Value{Name: string(slice[byte](p.name, p.nameLength))}
		low, high := uint32(p.value), uint32(p.value>>32)
		switch p.tag & 0xff {
		case 0:
			v.Kind, v.Text = KindText, string(slice[byte](low, high))
		case 1:
			v.Kind, v.Bytes = KindBytes, append([]byte{}, slice[byte](low, high)...)
		case 2:
			v.Kind, v.Integer = KindInteger, int64(p.value)
		case 3:
			v.Kind, v.Boolean = KindBoolean, p.value&0xff != 0
		}
		in.Values = append(in.Values, v)
	}
	j, err := registered.Begin(&in)
	if err == nil && j == nil {
		err = Fail("mistake in the plugin: Begin returned neither a job nor an error")
	}
	if err == nil && j.Transform == nil {
		err = Fail("mistake in the plugin: the job has no Transform")
	}
	if err != nil {
		return fail(failureOf(err))
	}
	job = j
	return writeJob(j)
}

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

// fail answers with a failure. The position is -1 if there is none.
func fail(message string, position int) uint32 {
	r := fresh()
	r.u8(0, 1)
	r.text(8, message)
	if position >= 0 {
		r.u8(16, 1)
		r.u32(20, uint32(position))
	}
	return r.address()
}

// rescue turns a panic into a failure.
func rescue(address *uint32) {
	if recovered := recover(); recovered != nil {
		*address = fail(failureOf(caught(recovered)))
	}
}

type abiCount struct {
	name, _ uint32
	number  uint64
}

var counted []abiCount

//go:wasmexport runner:plugin/guest@0.2.0#transform
func transform(offset uint64, data, length, ownedStart, ownedEnd, last, first, matches, matchesLength, fields, fieldsLength uint32) (address uint32) {
	defer rescue(&address)
	if job == nil {
		return fail("the host called `transform` before `begin`", -1)
	}
	window = Window{
		Offset:     offset,
		Bytes:      slice[byte](data, length),
		OwnedStart: int(ownedStart),
		OwnedEnd:   int(ownedEnd),
		Last:       last != 0,
		First:      first != 0,
		matches:    slice[match](matches, matchesLength),
		fields:     slice[field](fields, fieldsLength),
		framing:    job.Framing,
	}
	e := &edits
	e.reset(&window, job.Counts)
	if err := job.Transform(&window, e); err != nil {
		return fail(failureOf(err))
	}
	if e.mistake != "" {
		return fail(e.mistake, -1)
	}
	r := fresh()
	r.u64(8, e.consumed)
	switch {
	case e.replaced:
		r.u8(16, 2)
		r.list(20, unsafe.Pointer(unsafe.SliceData(e.bytes)), len(e.bytes))
	case len(e.spans) > 0:
		r.u8(16, 1)
		r.list(20, unsafe.Pointer(unsafe.SliceData(e.spans)), len(e.spans))
		r.list(28, unsafe.Pointer(unsafe.SliceData(e.bytes)), len(e.bytes))
	}
	counted = counted[:0]
	for i, number := range e.counts {
		if number > 0 {
			counted = append(counted, abiCount{name: uint32(i), number: number})
		}
	}
	r.list(36, unsafe.Pointer(unsafe.SliceData(counted)), len(counted))
	return r.address()
}

//go:wasmexport cabi_post_runner:plugin/guest@0.2.0#describe
func postDescribe(uint32) { release() }

//go:wasmexport cabi_post_runner:plugin/guest@0.2.0#begin
func postBegin(uint32) { release() }

//go:wasmexport cabi_post_runner:plugin/guest@0.2.0#transform
func postTransform(uint32) { release() }
