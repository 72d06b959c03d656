package runner

import "strconv"

// Edits collects the edits of one window, in the window's own positions. They
// must come in order and must not overlap. The first mistake ends the run with
// a message.
type Edits struct {
	window     *Window
	spans      []span
	bytes      []byte
	after      int // Where the next edit may start.
	ownedEnd   int
	insertedAt int // Where the last edit was an insertion; -1.
	replaced   bool
	consumed   uint64
	names      []string
	counts     []uint64
	mistake    string
	template   []byte // Of Sub.
	expanded   []byte
}

// span has the layout of the contract.
type span struct{ start, end, length uint32 }

// reset makes the collector ready for a window. The buffers are kept.
func (e *Edits) reset(w *Window, names []string) {
	e.window, e.names = w, names
	e.spans, e.bytes = e.spans[:0], e.bytes[:0]
	e.after, e.insertedAt = w.OwnedStart, -1
	e.replaced, e.mistake = false, ""
	e.consumed = uint64(len(w.Bytes))
	if len(e.counts) != len(names) {
		e.counts = make([]uint64, len(names))
	}
	clear(e.counts)
}

// Replace replaces the bytes [start, end) of the window.
func (e *Edits) Replace(start, end int, with []byte) {
	if e.allows(start, end) {
		e.spans = append(e.spans, span{uint32(start), uint32(end), uint32(len(with))})
		e.bytes = append(e.bytes, with...)
	}
}

// ReplaceString replaces the bytes [start, end) of the window.
func (e *Edits) ReplaceString(start, end int, with string) {
	if e.allows(start, end) {
		e.spans = append(e.spans, span{uint32(start), uint32(end), uint32(len(with))})
		e.bytes = append(e.bytes, with...)
	}
}

// Insert inserts bytes before the byte at a position. Only at the end of the
// file may that be the window's length.
func (e *Edits) Insert(at int, what []byte) { e.Replace(at, at, what) }

// InsertString inserts a text before the byte at a position.
func (e *Edits) InsertString(at int, what string) { e.ReplaceString(at, at, what) }

// Delete removes the bytes [start, end) of the window.
func (e *Edits) Delete(start, end int) { e.ReplaceString(start, end, "") }

// ReplaceAll replaces the whole window (with Sequential: what is consumed of
// it), instead of single edits; the host finds the difference. Not allowed with
// Overlapping, with a projection, nor when prefilters leave records out.
func (e *Edits) ReplaceAll(with []byte) {
	if e.replaced {
		e.wrong("the window was replaced twice")
		return
	}
	if len(e.spans) > 0 {
		e.wrong("a window was both edited and replaced")
		return
	}
	e.replaced = true
	e.bytes = append(e.bytes, with...)
}

// Consumed says, with Sequential, how many bytes of the window were dealt with.
// Fewer than it has asks for a longer window that starts there; more skips
// ahead, math.MaxUint64 all of the rest. The last window must be consumed whole. Without a call it is the whole
// window.
func (e *Edits) Consumed(bytes uint64) { e.consumed = bytes }

// Count adds to what the job counts under this name.
func (e *Edits) Count(name string, number uint64) {
	for i, known := range e.names {
		if known == name {
			e.counts[i] += number
			return
		}
	}
	e.wrong("the job counts no `" + name + "`")
}

// Empty says whether there are no edits so far.
func (e *Edits) Empty() bool { return len(e.spans) == 0 && !e.replaced }

// allows checks an edit, in a way that the usual case costs little.
func (e *Edits) allows(start, end int) bool {
	w := e.window
	if start >= e.after && start < w.OwnedEnd && start < end && end <= len(w.Bytes) && !e.replaced {
		e.after, e.insertedAt = end, -1
		return true
	}
	return e.allowsRarely(start, end)
}

func (e *Edits) allowsRarely(start, end int) bool {
	w := e.window
	if start > end || start < 0 || end > len(w.Bytes) {
		e.wrong("an edit of " + pair(start, end) + " in a window of " + strconv.Itoa(len(w.Bytes)) + " bytes")
		return false
	}
	atEnd := w.Last && start == w.OwnedEnd && start == len(w.Bytes)
	if (start < w.OwnedStart || start >= w.OwnedEnd) && !atEnd {
		e.wrong("an edit of " + pair(start, end) + " starts outside the owned range " + pair(w.OwnedStart, w.OwnedEnd))
		return false
	}
	if start < e.after || start == end && e.insertedAt == start {
		last := e.spans[len(e.spans)-1]
		e.wrong("an edit of " + pair(start, end) + " after one of " + pair(int(last.start), int(last.end)))
		return false
	}
	if e.replaced {
		e.wrong("a window was both edited and replaced")
		return false
	}
	e.after, e.insertedAt = end, -1
	if start == end {
		e.insertedAt = start
	}
	return true
}

func (e *Edits) wrong(what string) {
	if e.mistake == "" {
		e.mistake = "mistake in the plugin: " + what
	}
}

func pair(start, end int) string { return strconv.Itoa(start) + ".." + strconv.Itoa(end) }
