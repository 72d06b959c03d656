"""Uses every part of the contract, in the same way as the plugin `conform` of
every other language, so that their answers can be compared byte by byte.
It is of no other use."""

from runner import (
    Failure, Field, Framing, Job, boolean, byte_string, choice, integer, literals, log, open_table, plugin, regex,
    secret, table, text,
)

FRAMINGS = ["lines", "bytes", "quoted", "fields", "fixed", "length-prefixed", "overlapping", "sequential"]
JOBS = {
    "lines": Job(
        prefilters=[literals(b"a=", b"b=", any_case=True), regex("c=[0-9]+"), literals(b"!", b"?", b"@")],
        show_all=True, show_empty=True, counts=["first", "second"], text=True, deterministic=True,
    ),
    "bytes": Job(framing=Framing.bytes(), ranges=[(0, 4), (8, 12)], length_preserving=True),
    "quoted": Job(framing=Framing.quoted(b"\n", b'"'), literals=[b"x"]),
    "fields": Job(framing=Framing.quoted(b"\n", b'"'), fields=[0, 2], field_delimiter=b","),
    "fixed": Job(framing=Framing.fixed(8, header=4), length_preserving=True, idempotent=True),
    "length-prefixed": Job(framing=Framing.length_prefixed(
        offset=1, width=2, order="big", adjustment=1, header=2, checks=[Field(0, 1, 1, 9, order="little")],
    )),
    "overlapping": Job(framing=Framing.overlapping(2, 3)),
    "sequential": Job(framing=Framing.sequential()),
}


@plugin("conform", "Uses every part of the contract", version="1.0.0", license="Apache-2.0", seed=True, params={
    "framing": choice(FRAMINGS, "Where records end", default="lines"),
    "text": text("A text", default="hi"),
    "number": integer("A number", default=7),
    "flag": boolean("A truth", default=True),
    "data": byte_string("Some bytes", default=b"\x00\xff"),
    "word": secret("A secret"),
    "many": text("Texts", repeats=True),
    "file": text("The content of a file", from_file=True),
}, tables={"notes": table("Any bytes")})
class Conform:
    def begin(self, params, file):
        self.framing = params["framing"]
        log.debug(f"size {'stream' if file.size is None else file.size}, head {len(file.head)}")
        if (at := file.head.find(b"#")) >= 0:
            raise Failure("the head has a #", at)
        # name=value for each parameter, in the order in which they came, then
        # the seed and the table.
        told = [b"%s=%s|" % (name.encode(), as_bytes(value)) for name, value in params.given if name != "framing"]
        told.append(b"no seed|" if file.seed is None else b"seed=%d|" % file.seed)
        notes = open_table("notes")
        told.append(b"notes[%d]=%s" % (notes.size, notes.read(1, 5)) if notes else b"no notes")
        # What the marker `@` becomes.
        self.told = b"".join(told)
        return JOBS[self.framing]

    def transform(self, edits):
        getattr(self, self.framing.replace("-", "_"))(edits, edits.window)

    def lines(self, edits, window):
        """Says at the start of each line which prefilters matched, and does what a line asks for."""
        if window.first and window.last and not window.bytes:
            edits.insert(0, b"empty")
            return
        for start, line in window.lines():
            ids = window.matches.get(start, 0)
            if ids:
                edits.insert(start, b"%x " % ids)
            edits.count("first", ids & 1)
            edits.count("second", ids >> 1 & 1)
            for at, byte in enumerate(line, start):
                if byte == ord("!"):
                    raise Failure("bang", at)
                if byte == ord("?"):
                    log.warn("asked")
                if byte == ord("@") and at > start:
                    edits.replace(at, at + 1, self.told)

    def bytes(self, edits, window):
        """`x` becomes `y`."""
        edits.sub(b"x", b"y")

    def quoted(self, edits, window):
        """The number of bytes before each record that has an `x`."""
        for start, record in window.quoted(b"\n", b'"'):
            if b"x" in record:
                edits.insert(start, b"%d:" % len(record))

    def fields(self, edits, window):
        """Its index and its length in place of each field."""
        for start, index, field in window.fields():
            edits.replace(start, start + len(field), b"<%d:%d>" % (index, len(field)))

    def fixed(self, edits, window):
        """The first byte of each record as the last one, too."""
        for start, record in window.fixed(8):
            edits.replace(start + len(record) - 1, start + len(record), record[:1])

    def length_prefixed(self, edits, window):
        """The length of each record, modulo 10, in its first byte."""
        for start, record in window.length_prefixed(1, 2, "big", 1):
            edits.replace(start, start + 1, b"%c" % (len(record) % 10))

    def overlapping(self, edits, window):
        """`abc` is deleted; so is an `x` between two blanks."""
        edits.sub(b"abc|(?<= )x(?= )", b"")

    def sequential(self, edits, window):
        """Every whole group of four bytes is turned round, and the rest deleted."""
        whole = len(window.bytes) // 4 * 4
        for start in range(0, whole, 4):
            edits.replace(start, start + 4, window.bytes[start : start + 4][::-1])
        if window.last:
            edits.delete(whole, len(window.bytes))
        edits.consumed(len(window.bytes) if window.last else whole)


def as_bytes(value):
    if isinstance(value, bool):
        return b"yes" if value else b"no"
    return value if isinstance(value, bytes) else str(value).encode()
