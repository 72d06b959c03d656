"""Removes or masks header fields of the e-mails in an mbox file.

A record is a message: what ends with a line end and `From `, which begins the
next one. So each message is shown whole, in any order, and what the prefilter
leaves out costs nothing.
"""

import re

from runner import Failure, Framing, Job, choice, literals, plugin, text

#: What is removed when the user names nothing. `*` stands for any ending.
DEFAULT = (
    "ARC-*", "Authentication-Results", "Delivered-To", "DKIM-Signature", "DomainKey-Signature", "Received",
    "Received-SPF", "Return-Path", "User-Agent", "X-Mailer", "X-Originating-Email", "X-Originating-IP",
    "X-Received", "X-Sender-IP",
)

# One field after another, each with the lines that continue it. A line that is
# neither ends the header, as an empty line does: what follows is the body.
HEADER = re.compile(rb"(?:(?:[!-9;-~]*+:|[ \t])[^\n]*+(?:\n|\Z))*+")
FIELD = rb"(?im)^(?:%b):[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z)"
TYPE = re.compile(rb"(?im)^Content-Type:([^\n]*+(?:\n[ \t][^\n]*+)*+)")
# A parameter of a type: a name, and a value in quotes or without.
PARAMETER = re.compile(rb"""[ \t\r\n]*([^\s=;"]*)[ \t\r\n]*(?:=[ \t\r\n]*("(?:[^"\\]|\\.)*"|[^;"]*))?([^;]*)(?:;|\Z)""", re.DOTALL)
VISIBLE = re.compile(rb"[^ \t\r\n]")


@plugin("mail-scrub", "Removes or masks header fields of the e-mails in an mbox file", version="0.1.0",
        license="Apache-2.0", params={
            "header": text("The name of a field to scrub, or NAME* for all that begin so; may be given "
                           "several times (default: those that tell the way and the sender's machine)", repeats=True),
            "action": choice(["remove", "mask"], "Whether fields go, or have each visible byte replaced by x",
                             default="remove"),
            "within": choice(["top", "messages", "all"], "Whose headers: those of each e-mail (top), also of e-mails "
                             "attached to it (messages), also of its parts (all)", default="top"),
        })
class MailScrub:
    def begin(self, params, file):
        names = params["header"] or DEFAULT
        for name in names:
            if not re.fullmatch(r"[!-)+-9;-~]+\*?", name):
                raise Failure(f"`{name}` is not the name of a header field: no blanks, no `:`, and `*` at its end alone")
        if file.head and not file.head.startswith(b"From "):
            raise Failure("the file is not in the format mbox: it does not begin with `From `", 0)
        patterns = [re.escape(name.rstrip("*").encode()) + (rb"[!-9;-~]*+" if name.endswith("*") else b"") for name in names]
        self.field = re.compile(FIELD % b"|".join(patterns))
        self.mask = params["action"] == "mask"
        self.within = params["within"]
        # The line before is that with `From `, or another field: all in the record.
        starts = [b"\n" + name.rstrip("*").encode() for name in names]
        return Job(framing=Framing.delimited(b"\nFrom "), prefilters=[literals(*starts, any_case=True)], text=True,
                   length_preserving=self.mask, idempotent=True, deterministic=True,
                   counts=["messages", "fields", "unended"])

    def transform(self, edits):
        for start, record in edits.window.records():
            # The rest of the line with `From `.
            line_end = record.find(b"\n") + 1
            if line_end == 0:
                continue
            before = self.scrubbed = 0
            self.edits, self.start = edits, start
            header = self.header(record, line_end, len(record), True)
            if header < len(record) and not record.startswith((b"\n", b"\r\n", b"From "), header):
                edits.count("unended")
            if self.within != "top":
                self.body(record, line_end, header)
            if self.scrubbed > before:
                edits.count("messages")
                edits.count("fields", self.scrubbed)

    def header(self, record, start, end, wanted):
        """Scrubs the header that begins at `start`, and returns where it ends."""
        end = HEADER.match(record, start, end).end()
        if wanted:
            # `^` also matches at `start`, which is the begin of a line.
            for found in self.field.finditer(record[start:end]):
                first, last = start + found.start(), start + found.end()
                self.scrubbed += 1
                if not self.mask:
                    self.edits.delete(self.start + first, self.start + last)
                    continue
                first = record.index(b":", first) + 1
                old = record[first:last]
                new = VISIBLE.sub(b"x", old)
                if new != old:
                    self.edits.replace(self.start + first, self.start + last, new)
        return end

    def body(self, record, start, header_end):
        """Scrubs the headers inside of a message: those of its parts, and those
        of attached messages, as deep as they are nested."""
        boundaries = []
        kind, boundary, at = self.entity(record, start, header_end, len(record), b"text/plain")
        while True:
            default = b"text/plain"
            if kind.startswith(b"multipart/") and boundary:
                boundaries.append((boundary, b"message/rfc822" if kind == b"multipart/digest" else default))
            if not boundaries:
                return
            line = delimiter(boundaries).search(record, at)
            if line is None:
                return
            # A line of an outer part ends all inner ones.
            depth = max(level for level, (found, _) in enumerate(boundaries) if found == line[1])
            del boundaries[depth + 1 :]
            at, kind = line.end(), b""
            if line[2]:
                boundaries.pop()
                continue
            default = boundaries[-1][1]
            stop = delimiter(boundaries).search(record, at)
            stop = stop.start() if stop else len(record)
            header_end = self.header(record, at, stop, self.within == "all")
            kind, boundary, at = self.entity(record, at, header_end, stop, default)

    def entity(self, record, start, header_end, stop, default):
        """The type of an entity, its boundary, and where its body begins. Those
        of an attached message instead, whose header is scrubbed."""
        while True:
            kind, boundary = content_type(record[start:header_end], default)
            if kind not in (b"message/rfc822", b"message/global"):
                return kind, boundary, header_end
            empty = re.compile(rb"\r?\n").match(record, header_end, stop)
            start = empty.end() if empty else header_end
            header_end = self.header(record, start, stop, True)
            default = b"text/plain"


def delimiter(boundaries):
    """A pattern for the lines that part what these boundaries belong to."""
    longest = sorted({re.escape(boundary) for boundary, _ in boundaries}, key=len, reverse=True)
    return re.compile(rb"(?m)^--(%b)(--)?[ \t]*+\r?(?:\n|\Z)" % b"|".join(longest))


def content_type(header, default):
    """The media type that a header states, in lower case, and the boundary."""
    found = TYPE.search(header)
    if found is None:
        return default, b""
    kind, _, rest = found[1].partition(b";")
    kind = kind.strip().lower()
    if kind.count(b"/") != 1:
        return b"text/plain", b""
    for name, value, _ in PARAMETER.findall(rest):
        if name.lower() == b"boundary":
            if value.startswith(b'"'):
                value = re.sub(rb"\\(.)", rb"\1", value[1:-1], flags=re.DOTALL)
            return kind, value.rstrip()
    return kind, b""
