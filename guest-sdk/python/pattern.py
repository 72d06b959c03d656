"""Which regular expressions may be searched for in a whole window at once.

`edits.sub` promises that a pattern sees one record at a time, because a window
holds as many records as the host likes, and often not neighbours. A search of
the whole window is faster. It gives the same matches if the pattern can neither
match a line end nor look at what stands round a match; for every other pattern
the answer here is no, and each record is searched on its own.
"""

import re

try:
    from re import _constants as _c
    from re import _parser
except ImportError:  # Python 3.10 and older
    import sre_constants as _c
    import sre_parse as _parser

_LINE_END = 10
#: Categories that hold `\n`.
_HOLD_LINE_END = {_c.CATEGORY_SPACE, _c.CATEGORY_NOT_DIGIT, _c.CATEGORY_NOT_WORD}
_REPEATS = {_c.MAX_REPEAT, _c.MIN_REPEAT, getattr(_c, "POSSESSIVE_REPEAT", None)}


def width(pattern):
    """The least and the greatest length of a match."""
    return _parser.parse(pattern.pattern, pattern.flags).getwidth()


def stays_in_line(pattern):
    """Whether a search of many lines finds what a search of each would."""
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    return parsed.getwidth()[0] > 0 and _safe(parsed, pattern.flags)


def looks_around(pattern):
    """Whether a match may depend on what stands before or after it."""
    return _has(_parser.parse(pattern.pattern, pattern.flags), (_c.AT, _c.ASSERT, _c.ASSERT_NOT))


def has_anchors(pattern):
    """Whether the pattern has `^`, `$`, `\\A` or `\\Z`."""
    anchors = (_c.AT_BEGINNING, _c.AT_BEGINNING_STRING, _c.AT_END, _c.AT_END_STRING)
    return _has(_parser.parse(pattern.pattern, pattern.flags), anchors)


def _safe(items, flags):
    return all(_item_safe(op, value, flags) for op, value in items)


def _item_safe(op, value, flags):
    if op is _c.LITERAL:
        return value != _LINE_END
    if op is _c.ANY:
        return not flags & re.DOTALL
    if op is _c.IN:
        return not _set_holds(value)
    if op is _c.BRANCH:
        return all(_safe(branch, flags) for branch in value[1])
    if op is _c.SUBPATTERN:
        _, added, removed, inner = value
        return not added and not removed and _safe(inner, flags)
    if op in _REPEATS:
        return _safe(value[2], flags)
    if op is _c.AT:
        if value in (_c.AT_BEGINNING, _c.AT_END):
            return bool(flags & re.MULTILINE)
        return value in (_c.AT_BOUNDARY, _c.AT_NON_BOUNDARY)
    return op is _c.GROUPREF


def _set_holds(items):
    negated = bool(items) and items[0][0] is _c.NEGATE
    found = False
    for op, value in items:
        if op is _c.LITERAL:
            found |= value == _LINE_END
        elif op is _c.RANGE:
            found |= value[0] <= _LINE_END <= value[1]
        elif op is _c.CATEGORY:
            found |= value in _HOLD_LINE_END
    return found != negated


def _has(value, wanted):
    """Whether one of the constants stands anywhere inside."""
    if isinstance(value, (_parser.SubPattern, list, tuple)):
        return any(_has(part, wanted) for part in value)
    return any(value is constant for constant in wanted)
