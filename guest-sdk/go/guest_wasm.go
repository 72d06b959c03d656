//go:build wasip1

package runner

import "unsafe"

// What the plugin exports.

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
		r.u8(8, uint8(p.kind))
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
	in := Input{Size: -1, HasSize: hasSize != 0, Seed: seed, HasSeed: hasSeed != 0}
	if in.HasSize {
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
