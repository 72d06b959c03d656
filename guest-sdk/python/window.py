"""A window of the file, and its records."""

import re
from functools import lru_cache

from .failure import byte, data, number, U32


class Window:
    """What a plugin sees in one call.

    `bytes`    the content
    `offset`   the offset in the file of the first byte
    `owned`    a `range`: where edits may start (all of it, but for `overlapping`)
    `first`    whether it begins at the start of the file
    `last`     whether it ends at the end of the file
    """

    __slots__ = ("bytes", "offset", "owned", "first", "last", "_raw", "_framing", "_matches")

    def __init__(self, raw, framing):
        self.bytes = raw.bytes
        self.offset = raw.offset
        self.owned = range(raw.owned.start, raw.owned.end)
        self.first = raw.first
        self.last = raw.last
        self._raw = raw
        self._framing = framing
        self._matches = None

    @property
    def matches(self):
        """A dict: where a record starts that matches a prefilter, and its ids
        (bit `n` for the id `n`). It is filled when the job has several
        prefilters, or some and `show_all`."""
        if self._matches is None:
            self._matches = {match.start: match.ids for match in self._raw.matches}
        return self._matches

    def records(self):
        """`(start, record)` for each record of the job's framing. Lines come
        without their `\\n`. With `fields`, a record is one field."""
        if self._raw.fields:
            return ((start, field) for start, _, field in self.fields())
        kind, *parts = self._framing
        if kind == "delimited":
            return self.lines() if parts[0] == b"\n" else self.delimited(parts[0])
        if kind == "quoted":
            return _quoted(self.bytes, *parts)
        if kind == "fixed":
            return self.fixed(parts[0])
        if kind == "length-prefixed":
            return _length_prefixed(self.bytes, *parts)
        raise ValueError(f"there are no records with the framing `{kind}`")

    def lines(self):
        """`(start, line)` for each line, without its `\\n` (a `\\r` stays)."""
        content, start = self.bytes, 0
        find = content.find
        while (end := find(b"\n", start)) >= 0:
            yield start, content[start:end]
            start = end + 1
        if start < len(content):
            yield start, content[start:]

    def delimited(self, delimiter):
        """`(start, record)`; a record ends with `delimiter`, and holds it."""
        delimiter = data(delimiter, "the delimiter")
        content, start, length = self.bytes, 0, len(delimiter)
        if not length:
            raise ValueError("the delimiter is empty")
        while start < len(content):
            # A delimiter may overlap itself and begin in the record before.
            found = content.find(delimiter, max(start + 1 - length, 0))
            end = len(content) if found < 0 else found + length
            yield start, content[start:end]
            start = end

    def quoted(self, delimiter=b"\n", quote=b'"'):
        """`(start, record)`; a delimiter inside quotes ends nothing."""
        return _quoted(self.bytes, byte(delimiter, "the delimiter"), byte(quote, "the quote"))

    def fixed(self, size):
        """`(start, record)` of `size` bytes; the file's last may be shorter."""
        number(size, "the size of a record", 1, U32)
        content = self.bytes
        for start in range(0, len(content), size):
            yield start, content[start : start + size]

    def length_prefixed(self, offset, width, order="big", adjustment=0):
        """`(start, record)`, where a record states its own length."""
        return _length_prefixed(self.bytes, offset, width, order, adjustment)

    def fields(self):
        """`(start, index, field)` for each field that the job shows; a new
        record begins where the index is not greater than the one before."""
        content, shown = self.bytes, self._raw.fields
        for here, after in zip(shown, shown[1:]):
            yield here.start, here.field, content[here.start : after.start - 1]
        if shown:
            yield shown[-1].start, shown[-1].field, content[shown[-1].start : len(content) - 1]


@lru_cache
def _quoted_record(delimiter, quote):
    d, q = (b"\\x%02x" % value for value in (delimiter, quote))
    return re.compile(b"(?:[^%b%b]++|%b[^%b]*+(?:%b|\\Z))*+%b?" % (d, q, q, q, q, d))


def _quoted(content, delimiter, quote):
    for found in _quoted_record(delimiter, quote).finditer(content):
        if found.end() > found.start():
            yield found.start(), found[0]


def _length_prefixed(content, offset, width, order, adjustment):
    head, start = offset + width, 0
    while start < len(content):
        end = len(content)
        if start + head <= end:
            field = int.from_bytes(content[start + offset : start + head], order)
            length = head + field + adjustment
            if length >= max(head, 1):
                end = min(end, start + length)
        yield start, content[start:end]
        start = end
