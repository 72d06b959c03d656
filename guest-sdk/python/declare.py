"""What a plugin says of itself: `@plugin`, its parameters, and its job."""

from functools import lru_cache

from .edits import how_to_search
from .failure import U32, U64, byte, data, number, several, shown, truth, words

S64 = 1 << 63


class Parameter:
    """One parameter that a plugin takes. Make it with `text`, `integer`,
    `boolean`, `secret`, `byte_string` or `choice`."""

    def __init__(self, kind, doc, default=None, required=False, repeats=False, from_file=False, choices=()):
        self.kind = kind
        self.doc = words(doc, f"the doc of a parameter of the kind {kind}")
        self.default = default
        self.required = truth(required, "`required`")
        self.repeats = truth(repeats, "`repeats`")
        self.from_file = truth(from_file, "`from_file`")
        self.choices = [words(word, "a word of a choice") for word in several(choices, "the choices")]
        if required and default is not None:
            raise ValueError("a parameter is either required or has a default")


def text(doc, *, default=None, required=False, repeats=False, from_file=False):
    """Any text; the plugin gets a str."""
    if default is not None:
        words(default, "the default of a text")
    return Parameter("TEXT", doc, default, required, repeats, from_file)


def secret(doc, *, required=False, repeats=False, from_file=False):
    """Text that is neither shown nor stored; the plugin gets a str."""
    return Parameter("SECRET", doc, None, required, repeats, from_file)


def integer(doc, *, default=None, required=False, repeats=False, from_file=False):
    """A number of 64 bits with a sign; the plugin gets an int."""
    if default is not None:
        default = str(number(default, "the default of an integer", -S64, S64 - 1))
    return Parameter("INTEGER", doc, default, required, repeats, from_file)


def boolean(doc, *, default=None, required=False, repeats=False, from_file=False):
    """`true` or `false`; the plugin gets a bool."""
    if default is not None:
        default = "true" if truth(default, "the default of a boolean") else "false"
    return Parameter("BOOLEAN", doc, default, required, repeats, from_file)


def byte_string(doc, *, default=None, required=False, repeats=False, from_file=False):
    """Text in which `\\n`, `\\xff` and so on stand for bytes; the plugin gets
    bytes."""
    if default is not None:
        content = data(default, "the default of a byte_string")
        plain = (chr(value) if 32 <= value < 127 and value != 92 else f"\\x{value:02x}" for value in content)
        default = "".join(plain)
    return Parameter("BYTES", doc, default, required, repeats, from_file)


def choice(words_, doc, *, default=None, required=False, repeats=False, from_file=False):
    """One of these words; the plugin gets a str."""
    if default is not None and default not in list(words_):
        raise ValueError(f"the default {default!r} is not among the choices")
    return Parameter("CHOICE", doc, default, required, repeats, from_file, words_)


class Table:
    """A table that the user may hand to the plugin. Make it with `table`."""

    def __init__(self, doc, required):
        self.doc = words(doc, "the doc of a table")
        self.required = truth(required, "`required` of a table")


def table(doc, *, required=False):
    """A table, given as `--table NAME=FILE` and read with `open_table`."""
    return Table(doc, required)


class Prefilter:
    """What a record must contain to be shown. Make it with `literals` or
    `regex`."""

    def __init__(self, kind, what, any_case, id):
        self.kind, self.what, self.any_case = kind, what, any_case
        self.id = None if id is None else number(id, "the id of a prefilter", 0, 63)


def literals(*patterns, any_case=False, id=None):
    """Records that contain one of these bytes. Ids count from 0 by default."""
    patterns = [data(pattern, "a literal of a prefilter") for pattern in patterns]
    return Prefilter("literals", patterns, truth(any_case, "`any_case`"), id)


def regex(pattern, *, id=None):
    """Records with a match of a regular expression, a str in the syntax of
    the Rust crate `regex`; `^` and `$` are line ends."""
    return Prefilter("regex", words(pattern, "the regex of a prefilter"), False, id)


class Field:
    """A check of the head of length-prefixed records: the field of `width`
    bytes at `offset` holds from `least` to `most`."""

    def __init__(self, offset, width, least, most, order="big"):
        self.offset = number(offset, "the offset of a field", 0, U32)
        self.width = number(width, "the width of a field", 1, 8)
        self.least = number(least, "the least value of a field", 0, U64)
        self.most = number(most, "the greatest value of a field", 0, U64)
        self.order = _order(order)


def _order(order):
    if order not in ("little", "big"):
        raise ValueError(f"an order must be 'little' or 'big', not {shown(order)}")
    return order


class Framing(tuple):
    """Where records end. Make it with one of the functions below."""

    __slots__ = ()

    @staticmethod
    def lines():
        """A record ends after each `\\n`."""
        return Framing(("delimited", b"\n"))

    @staticmethod
    def delimited(delimiter):
        """A record ends after each `delimiter` (1 to 255 bytes)."""
        return Framing(("delimited", data(delimiter, "the delimiter")))

    @staticmethod
    def quoted(delimiter=b"\n", quote=b'"'):
        """As CSV: a delimiter inside quotes ends nothing."""
        return Framing(("quoted", byte(delimiter, "the delimiter"), byte(quote, "the quote")))

    @staticmethod
    def fixed(size, header=0):
        """Records of one size, after `header` bytes that are never shown."""
        return Framing(("fixed", number(size, "the size of a record", 1, U64), number(header, "`header`", 0, U64)))

    @staticmethod
    def length_prefixed(offset, width, order="big", adjustment=0, header=0, checks=()):
        """Each record is `offset + width + field + adjustment` bytes long,
        where the field of `width` bytes stands at `offset`; `checks` is a list
        of `Field`."""
        checks = several(checks, "`checks`")
        for check in checks:
            _instance(check, Field, "a check")
        parts = (
            number(offset, "`offset`", 0, U32),
            number(width, "`width`", 1, 8),
            _order(order),
            number(adjustment, "`adjustment`", -S64, S64 - 1),
        )
        return _LengthPrefixed(("length-prefixed", *parts), number(header, "`header`", 0, U64), checks)

    @staticmethod
    def bytes():
        """The file may be cut anywhere: for edits that depend on one byte."""
        return Framing(("bytes",))

    @staticmethod
    def overlapping(before, after):
        """Any cut, with context on both sides: for matches that cross lines."""
        most = 1 << 20
        return Framing(("overlapping", number(before, "`before`", 0, most), number(after, "`after`", 0, most)))

    @staticmethod
    def sequential():
        """One instance sees the file in order, and says what it consumed."""
        return Framing(("sequential",))


class _LengthPrefixed(Framing):
    def __new__(cls, parts, header, checks):
        made = super().__new__(cls, parts)
        made.header, made.checks = header, checks
        return made


class Job:
    """What a plugin asks for. The arguments are those that `@plugin` takes for
    all files; `begin` of a class returns a Job to decide for each file.

    `framing`            a `Framing`; lines by default
    `literals`, `regex`  the one prefilter that most plugins need
    `prefilters`         or several: a list of `literals(...)` and `regex(...)`
    `show_all`           show records that match no prefilter as well
    `text`               the plugin reads text, not just bytes
    `length_preserving`, `idempotent`, `deterministic`   promises
    `show_empty`         show an empty file as one empty window
    `counts`             names of what the plugin counts
    `fields`             show these fields of each record only (from 0)
    `field_delimiter`    what ends a field
    `ranges`             with the framing `bytes`: the (start, end) needed
    """

    def __init__(self, *, framing=None, literals=None, regex=None, prefilters=(), show_all=False, text=False,
                 length_preserving=False, idempotent=False, deterministic=False, show_empty=False, counts=(),
                 fields=None, field_delimiter=b",", ranges=None):
        self.framing = _instance(Framing.lines() if framing is None else framing, Framing, "`framing`")
        self.prefilters = [_instance(one, Prefilter, "a prefilter") for one in several(prefilters, "`prefilters`")]
        if literals is not None:
            patterns = [data(one, "an element of `literals`") for one in several(literals, "`literals`")]
            self.prefilters.append(Prefilter("literals", patterns, False, None))
        if regex is not None:
            self.prefilters.append(Prefilter("regex", words(regex, "`regex`"), False, None))
        self.show_all = truth(show_all, "`show_all`")
        claims = {"text": text, "length_preserving": length_preserving, "idempotent": idempotent,
                  "deterministic": deterministic}
        self.claims = [name for name, claimed in claims.items() if truth(claimed, f"`{name}`")]
        self.show_empty = truth(show_empty, "`show_empty`")
        self.counts = {words(name, "the name of a count"): at for at, name in enumerate(several(counts, "`counts`"))}
        self.fields = fields and [number(at, "an element of `fields`", 0, U32) for at in several(fields, "`fields`")]
        self.field_delimiter = byte(field_delimiter, "`field_delimiter`")
        self.ranges = ranges if ranges is None else [
            (number(start, "the start of a range", 0, U64), number(end, "the end of a range", 0, U64))
            for start, end in several(ranges, "`ranges`")
        ]
        self.how_to_search = lru_cache(maxsize=64)(lambda pattern, group: how_to_search(pattern, group, self))


def _instance(value, wanted, place):
    if not isinstance(value, wanted):
        raise TypeError(f"{place} must be a {wanted.__name__}, not {shown(value)}")
    return value


class Declared:
    """What `@plugin` has learnt."""

    def __init__(self, target, name, summary, version, license, parameters, tables, seed, job):
        self.target, self.seed = target, truth(seed, "`seed`")
        self.name = words(name, "the name of the plugin")
        self.summary = words(summary, "the summary of the plugin")
        self.version = words(version, "the version of the plugin")
        self.license = words(license, "the license of the plugin")
        self.parameters, self.tables, self.job = parameters, tables, job


#: The plugin that the user's module declares.
declared = None


def plugin(name, summary, *, version="0.1.0", license="Apache-2.0", tables=None, seed=False, params=None, **rest):
    """Declares a plugin. A keyword argument that is a parameter (`integer(...)`
    and so on) declares it under this name; `params` is a dict for names that
    Python cannot write or that stand for something else here. `tables` is a
    dict of `table(...)`. All others are those of `Job`.

    On a function, which is called for each window with the `Edits` and the
    parameters by name (`-` becomes `_`; None if absent; a list if it repeats):

        @plugin("shift", "Shifts numbers", literals=[b"n="], by=integer("How much"))
        def shift(edits, by): ...

    On a class, which is made for each file and may decide on the job itself:

        @plugin("shift", "Shifts numbers", by=integer("How much"))
        class Shift:
            def begin(self, params, file): return Job(literals=[b"n="])
            def transform(self, edits): ...

    `params` is a dict from names to values, and `params.given` the list of all
    (name, value) in the order given. `file` has `size` (None for a stream),
    `head` (up to 64 KiB) and `seed`. Without `begin`, or if it returns None,
    the job is the one declared here.
    """
    parameters = {words(key, "the name of a parameter"): value for key, value in (params or {}).items()}
    parameters.update({key: rest.pop(key) for key in list(rest) if isinstance(rest[key], Parameter)})
    for key, value in parameters.items():
        _instance(value, Parameter, f"the parameter `{key}`")
    for key, value in (tables or {}).items():
        _instance(value, Table, f"the table `{words(key, 'the name of a table')}`")
    job = Job(**rest)

    def declare(target):
        global declared
        if declared is not None:
            raise ValueError(f"there are two plugins: `{declared.name}` and `{name}`")
        if isinstance(target, type) and not callable(getattr(target, "transform", None)):
            raise TypeError(f"the class {target.__name__} has no method `transform`")
        declared = Declared(target, name, summary, version, license, parameters, tables or {}, seed, job)
        return target

    return declare
