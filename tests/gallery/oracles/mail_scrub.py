"""Mailboxes for the plugin mail-scrub, and what Python's own `mailbox` and `email`
say of the result.

    mail_scrub.py make SEED COUNT FOLDER    makes a folder for each of some settings:
                                            `set`, and COUNT times N.mbox, N.expected
    mail_scrub.py check FOLDER              compares N.mbox with N.out in all of them

`make` knows each field that it writes, and so which bytes must go. `check` knows
nothing of that: it parses both files.
"""

import json
import mailbox
import os
import random
import re
import sys

DEFAULT = ["ARC-*", "Authentication-Results", "Delivered-To", "DKIM-Signature", "DomainKey-Signature", "Received",
           "Received-SPF", "Return-Path", "User-Agent", "X-Mailer", "X-Originating-Email", "X-Originating-IP",
           "X-Received", "X-Sender-IP"]
NAMES = ["Received", "RECEIVED", "received", "ReceivedX", "X-Received", "X-Mailer", "X-Mail", "User-Agent", "Subject",
         "To", "From", "Message-ID", "ARC-Seal", "arc-authentication-results", "ARC", "DKIM-Signature", "X", "Date",
         "X-Originating-IP", "Comments", "Return-Path", ""]
VALUES = [b"", b"a", b"from a (b [1.2.3.4])\x09by c; Mon", b"=?utf-8?q?x?=", b"\xe9\xff", b"a: b", b"x", b"1", b"From here",
          b"\"quoted; boundary=no\"", b"v" * 300]
LINES = [b"", b"text", b">From quoted", b">>From twice", b"Received: not a field", b"X-Mailer: no", b" indented", b"--",
         b"--nothing", b"\xff\x00\xe9", b"From: here", b"Content-Type: multipart/mixed; boundary=zz", b"--zz", b"." * 200,
         b"from below", b"Fro", b"From"]
BOUNDARIES = [b"b", b"bb", b"=_x.1", b"a b", b"----=_Part", b"b-", b"q'+(x)", b"0:1"]


class Mail:
    """Makes a mailbox of pieces: bytes, and what must be kept of them."""

    def __init__(self, rng, names, action, within):
        self.rng = rng
        self.eol = rng.choice([b"\n", b"\n", b"\r\n"])
        self.names, self.action, self.within = names, action, within
        self.old, self.new = [], []

    def put(self, content):
        self.old.append(content)
        self.new.append(content)

    def line(self, content):
        self.put(content + self.eol)

    def field(self, name, value, level, is_folded=True):
        """A field, folded somehow."""
        name = name.encode()
        gap = self.rng.choice([b" ", b"", b"\t", self.eol + b" "])
        tail = b"".join(self.eol + self.rng.choice([b" ", b"\t", b"  "]) + self.rng.choice(VALUES)
                        for _ in range(self.rng.choice([0, 0, 0, 1, 3]) * is_folded))
        value = gap + value + tail + self.eol
        whole = name + b":" + value
        self.old.append(whole)
        depth = {"top": 0, "messages": 1, "all": 2}[self.within]
        if level > depth or not is_named(name.decode(), self.names or DEFAULT):
            self.new.append(whole)
        elif self.action == "mask":
            self.new.append(name + b":" + re.sub(rb"[^ \t\r\n]", b"x", value))

    def fields(self, level, kind=None):
        before = self.rng.randrange(4)
        for at in range(before + self.rng.randrange(4)):
            if kind and at == before:
                self.field(self.rng.choice(["Content-Type", "content-type"]), kind, level, False)
                kind = None
            self.field(self.rng.choice(NAMES), self.rng.choice(VALUES), level)
        if kind:
            self.field("Content-Type", kind, level, False)

    def text(self):
        for _ in range(self.rng.randrange(6)):
            self.line(self.rng.choice(LINES))

    def entity(self, level, depth, digest=False):
        """A header, an empty line, and a body."""
        rng = self.rng
        form = rng.choice(["plain", "plain", "multi", "message"]) if depth < 4 else "plain"
        if digest and form == "plain":
            form = "message"
        if form == "plain":
            self.fields(level, rng.choice([None, b"text/plain; name=\"a;b\"", b"nonsense"]) if not digest else None)
            if rng.random() < 0.05:
                # No empty line: the body begins with a line that is no field.
                self.line(b"no field at all")
            else:
                self.line(b"")
            self.text()
        elif form == "message":
            self.fields(level, None if digest and rng.random() < 0.7 else b"message/rfc822")
            self.line(b"")
            self.entity(1, depth + 1)
        else:
            boundary = rng.choice(BOUNDARIES) + str(depth).encode()
            sub = rng.choice([b"mixed", b"ALTERNATIVE", b"digest"])
            shown = b'"%b"' % boundary if re.search(rb"[ :()=']", boundary) or rng.random() < 0.5 else boundary
            other = rng.choice([b"", b" charset=\"x;y\";", b" a=b;"])
            fold = rng.choice([b" ", b"", self.eol + b"\t"])
            self.fields(level, b"Multipart/%b;%b%bboundary=%b" % (sub, other, fold, shown))
            self.line(b"")
            self.text()
            for _ in range(rng.choice([0, 1, 2, 3])):
                self.line(b"--" + boundary + rng.choice([b"", b"", b" \t"]))
                self.entity(2, depth + 1, sub == b"digest")
            if rng.random() < 0.9:
                self.line(b"--" + boundary + b"--")
                self.text()

    def mailbox(self):
        for _ in range(self.rng.choice([0, 1, 1, 2, 5, 30])):
            self.line(self.rng.choice([b"From a@b Thu Jan  1 00:00:00 1970", b"From ", b"From - x"]))
            self.entity(0, 0)
            self.line(b"")
        if self.old and self.rng.random() < 0.2:
            # The last line has no end.
            last = self.old.pop()
            if last == self.new.pop():
                last = last.rstrip(b"\r\n")
                self.old.append(last)
                self.new.append(last)
            else:
                raise AssertionError("the last piece is an empty line")
        return b"".join(self.old), b"".join(self.new)


def is_named(name, names):
    name = name.lower()
    return any(name.startswith(one[:-1].lower()) if one.endswith("*") else name == one.lower() for one in names)


def make(seed, count, folder):
    all_names = [[], ["Received"], ["X-*", "subject"], ["Date", "ARC*"], ["x-mailer", "Comments"]]
    for at, (action, within) in enumerate((a, w) for a in ("remove", "mask") for w in ("top", "messages", "all")):
        names = all_names[0] if at % 2 else random.Random(f"{seed} {at}").choice(all_names)
        place = os.path.join(folder, f"{action}-{within}")
        os.makedirs(place)
        settings = [f"header={name}" for name in names] + [f"action={action}", f"within={within}"]
        with open(os.path.join(place, "set"), "w") as file:
            file.write("\n".join(settings))
        for number in range(count):
            mail = Mail(random.Random(f"{seed} {at} {number}"), names, action, within)
            for ending, content in zip(("mbox", "expected"), mail.mailbox()):
                with open(os.path.join(place, f"{number}.{ending}"), "wb") as file:
                    file.write(content)


def described(message, level, names, action, depth):
    """All that `email` finds in a message, but for what was scrubbed."""
    fields = []
    for name, value in message._headers:
        if level <= depth and is_named(name, names):
            if action == "remove":
                continue
            value = re.sub(r"[^ \t\r\n]", "x", value)
        fields.append((name, value))
    payload = message.get_payload()
    if isinstance(payload, list):
        is_message = message.get_content_type() == "message/rfc822"
        payload = [described(part, 1 if is_message else 2, names, action, depth) for part in payload]
    return {"type": message.get_content_type(), "fields": fields, "preamble": message.preamble,
            "epilogue": message.epilogue, "payload": payload}


def check(folder):
    checked = 0
    for place in sorted(os.listdir(folder)):
        place = os.path.join(folder, place)
        settings = [line.split("=", 1) for line in open(os.path.join(place, "set")).read().split("\n")]
        names = [value for name, value in settings if name == "header"] or DEFAULT
        action, depth = dict(settings)["action"], {"top": 0, "messages": 1, "all": 2}[dict(settings)["within"]]
        for entry in sorted(name for name in os.listdir(place) if name.endswith(".mbox")):
            path = os.path.join(place, entry)
            checked += compare(path, path[:-4] + "out", names, action, depth)
    print(checked)


def compare(old, new, names, action, depth):
    before, after = (mailbox.mbox(path, create=False) for path in (old, new))
    assert len(before) == len(after), f"{new}: {len(before)} messages, then {len(after)}"
    for key in before.keys():
        assert before[key].get_from() == after[key].get_from(), new
        expected = json.dumps(described(before[key], 0, names, action, depth))
        found = json.dumps(described(after[key], 0, [], "remove", -1))
        same = len(os.path.commonprefix([expected, found]))
        assert expected == found, f"{new}, message {key}: ...{expected[same - 99:same + 99]}\nbut ...{found[same - 99:same + 99]}"
    return len(before)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        check(sys.argv[2])
