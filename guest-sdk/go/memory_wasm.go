//go:build wasip1

package runner

import "unsafe"

// The canonical ABI of the contract, by hand. Lists are an address and a length;
// a result is at the address that the function returns.

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
