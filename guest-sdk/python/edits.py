"""Collects what a plugin wants changed in one window."""

import re

from .failure import Failure, U32, U64, data, number, shown, words
from .pattern import has_anchors, looks_around, stays_in_line, width

try:
    from wit_world.imports.types import Edit as _Edit
except ImportError:
    from collections import namedtuple

    _Edit = namedtuple("_Edit", "start end len")


class Edits:
    """The answer to one window. Edits come in order and do not overlap; a
    violation raises a `ValueError` at the line of the plugin that made it.

    `window` is what the plugin sees.
    """

    __slots__ = ("window", "_job", "_spans", "_new", "_before", "_after", "_limit", "_whole", "_consumed", "_counts")

    def __init__(self, window, job):
        self.window = window
        self._job = job
        self._spans = []
        self._new = []
        # Where the last edit starts and ends.
        self._before = -1
        owned = window.owned
        self._after = owned.start
        # Where an edit may start at most.
        at_end = window.last and owned.stop == len(window.bytes)
        self._limit = owned.stop if at_end else owned.stop - 1
        self._whole = None
        self._consumed = len(window.bytes)
        self._counts = {}

    def replace(self, start, end, new):
        """Replaces `window.bytes[start:end]` by the bytes `new`."""
        if type(new) is not bytes:
            new = data(new, "`new` of edits.replace")
        if type(start) is not int or type(end) is not int:
            start = number(start, "`start` of an edit", 0, U32)
            end = number(end, "`end` of an edit", 0, U32)
        # Right for nearly all; everything else is looked at closely.
        if not (self._after <= start <= self._limit and start < end):
            self._check(start, end)
        if end > len(self.window.bytes):
            self._check(start, end)
        self._before = start
        self._after = end
        self._spans.append(_Edit(start, end, len(new)))
        self._new.append(new)

    def insert(self, at, new):
        """Inserts the bytes `new` before the byte at `at`."""
        self.replace(at, at, data(new, "`new` of edits.insert"))

    def delete(self, start, end):
        """Removes `window.bytes[start:end]`."""
        self.replace(start, end, b"")

    def replace_all(self, new):
        """Replaces the whole window (with `sequential`: what is consumed of
        it); the host finds the difference. Not allowed with `overlapping`,
        with `fields`, and where prefilters leave records out."""
        if self._whole is not None:
            raise ValueError("the window was replaced twice")
        self._whole = data(new, "`new` of edits.replace_all")

    def consumed(self, length):
        """With `sequential`: how many bytes of the window are dealt with. Fewer
        than it holds asks for a longer window that starts there."""
        self._consumed = number(length, "what edits.consumed gets", 0, U64)

    def count(self, name, times=1):
        """Adds to one of the job's `counts`."""
        if name not in self._job.counts:
            words(name, "the name of a count")
            raise ValueError(f"`{name}` is not among the counts of the job: {', '.join(self._job.counts) or 'none'}")
        number(times, "what edits.count adds", 0, U64)
        self._counts[name] = self._counts.get(name, 0) + times

    def sub(self, pattern, new, group=0):
        """Replaces each match of a regular expression, and returns how many
        matches were replaced.

        `pattern` is compiled or bytes. It sees one record at a time (lines
        without their `\\n`), so `^` and `$` are the record's ends. `new` is
        bytes, in which `\\1` and so on stand for groups as in `re.sub`, or a
        function that gets the match and returns bytes, or None to leave it
        alone. Only the given `group` is replaced. A `Failure` that the
        function raises without a position is placed at the group. Positions
        of the match itself count from an unspecified place: do not use them.
        """
        pattern = _compiled(pattern)
        if not callable(new):
            new = data(new, "`new` of edits.sub, if it is no function,")
            new = _expander(new)
        where = self._job.how_to_search(pattern, group)
        if where == "window":
            return self._sub_in(pattern.finditer(self.window.bytes), new, group, 0)
        if where == "owned":
            return self._sub_owned(pattern, new)
        done = 0
        for start, record in self.window.records():
            done += self._sub_in(pattern.finditer(record.removesuffix(where)), new, group, start)
        return done

    def _sub_in(self, matches, new, group, base):
        spans, added, limit, edit = self._spans, self._new, self._limit, _Edit
        append, add, after = spans.append, added.append, self._after
        before, match = len(spans), None
        try:
            for match in matches:
                value = new(match)
                if type(value) is not bytes:
                    if value is None:
                        continue
                    value = data(value, "what the function of edits.sub returns")
                start, end = match.span(group)
                if base:
                    start += base
                    end += base
                # Matches are in order. Only what was there before can collide,
                # or an empty group after a match that it is not in.
                if start < after or start >= end or start > limit:
                    if match.start(group) < 0:
                        raise ValueError(f"group {group!r} of the pattern is not in the match {shown(match[0])}")
                    self._before = spans[-1].start if spans else -1
                    self._after = after
                    self._check(start, end)
                after = end
                append(edit(start, end, len(value)))
                add(value)
        except Failure as failure:
            _place(failure, max(match.start(group), 0) + base)
            raise
        if len(spans) > before:
            self._before, self._after = spans[-1].start, after
        return len(spans) - before

    def _sub_owned(self, pattern, new):
        """For windows with context. What stands at a place decides on the edit
        there, not where the search has begun: a match that is left alone hides
        nothing that begins inside it."""
        content, at, before = self.window.bytes, self._after, len(self._spans)
        while (match := pattern.search(content, at)) and match.start() <= self._limit:
            start, end = match.span()
            try:
                value = new(match)
            except Failure as failure:
                _place(failure, start)
                raise
            if value is not None:
                self.replace(start, end, data(value, "what the function of edits.sub returns"))
            at = start + 1 if value is None else max(end, start + 1)
        return len(self._spans) - before

    def _check(self, start, end):
        """Raises what is wrong with the place of an edit."""
        length, owned = len(self.window.bytes), self.window.owned
        if not 0 <= start <= end <= length:
            raise ValueError(f"an edit of {start}..{end} in a window of {length} bytes")
        if not owned.start <= start <= self._limit:
            raise ValueError(f"an edit of {start}..{end} starts outside the owned range {owned.start}..{owned.stop}")
        if start < self._after or start == end == self._before:
            raise ValueError(f"an edit of {start}..{end} after one of {self._before}..{self._after}")


def _place(failure, position):
    if failure.position is not None:
        raise TypeError(
            "the function of edits.sub must raise a Failure without a position: it is that of the match"
        ) from failure
    failure.position = position


def _compiled(pattern):
    if isinstance(pattern, re.Pattern):
        data(pattern.pattern, "the pattern of edits.sub")
        return pattern
    # `re` keeps what it has compiled.
    return re.compile(data(pattern, "the pattern of edits.sub"))


def _expander(new):
    if b"\\" in new:
        return lambda match: match.expand(new)
    return lambda match: new


def how_to_search(pattern, group, job):
    """Where `sub` may search: in the "window" at once, in the "owned" range,
    or in each record without this ending."""
    kind = job.framing[0]
    if kind == "sequential":
        raise ValueError("edits.sub does not know how much to consume; with the framing `sequential`, search yourself")
    if kind == "bytes":
        if width(pattern) != (1, 1) or looks_around(pattern):
            raise ValueError("with the framing `bytes`, a pattern of edits.sub must match one byte, and look at no other")
        return "window"
    if kind == "overlapping":
        before, after = job.framing[1:]
        if width(pattern)[1] > after + 1:
            raise ValueError(
                f"a match of this pattern may be longer than an owned byte and the {after} bytes after it; "
                "limit its repeats ({0,20}), or raise `after`"
            )
        if has_anchors(pattern) or (looks_around(pattern) and not (before and after)):
            raise ValueError("with the framing `overlapping`, a pattern can have no ^, $, \\A, \\Z; others need context")
        if group != 0:
            raise ValueError("with the framing `overlapping`, edits.sub replaces whole matches: use (?<=...) and (?=...)")
        return "owned"
    if kind == "delimited" and job.framing[1] == b"\n" and not job.fields and stays_in_line(pattern):
        return "window"
    if job.fields or kind in ("fixed", "length-prefixed"):
        return b""
    return job.framing[1] if kind == "delimited" else bytes([job.framing[1]])
