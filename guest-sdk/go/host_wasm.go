//go:build wasip1

package runner

import "unsafe"

// What the host provides.

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
