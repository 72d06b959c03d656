package runner

// Level says how loud a log line is.
type Level uint8

// The levels of Log.
const (
	LevelTrace Level = iota
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
)

// Log says something to the user: at LevelTrace and LevelDebug to the author of
// the plugin, at LevelInfo to the curious, above that to everybody.
func Log(level Level, message string) { hostLog(level, message) }

// Debug logs for the author of the plugin.
func Debug(message string) { Log(LevelDebug, message) }

// Info logs for the curious user.
func Info(message string) { Log(LevelInfo, message) }

// Warn logs for every user.
func Warn(message string) { Log(LevelWarn, message) }

// TableReader reads a table.
type TableReader struct {
	name string
	// Size is the size of the table in bytes.
	Size uint64
}

// OpenTable finds the table with this name; nil if the user gave none.
func OpenTable(name string) *TableReader {
	size, found := hostTableSize(name)
	if !found {
		return nil
	}
	return &TableReader{name, size}
}

// Read returns length bytes from an offset on, or fewer at the table's end.
func (t *TableReader) Read(offset uint64, length uint32) []byte {
	return hostTableRead(t.name, offset, length)
}

// All returns the whole table.
func (t *TableReader) All() []byte {
	var all []byte
	for uint64(len(all)) < t.Size {
		part := t.Read(uint64(len(all)), 1<<16)
		if len(part) == 0 {
			break
		}
		all = append(all, part...)
	}
	return all
}
