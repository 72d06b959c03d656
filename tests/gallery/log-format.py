"""Lines of access logs, and what regular expressions and the module `json` make of
them.

Usage: log-format.py FOLDER SEED
"""

import json
import pathlib
import random
import re
import sys
from datetime import datetime

JOBS, LINES = 24, 150
QUOTED = rb'"((?:[^"\\]|\\.)*)"'
LINE = re.compile(
    rb"([^ ]+) ([^ ]+) ([^ ]+) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] " + QUOTED
    + rb" (-|0|[1-9]\d*) (-|0|[1-9]\d*)(?: " + QUOTED + rb" " + QUOTED + rb"(?: " + QUOTED + rb")?)?", re.DOTALL,
)
ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
LETTERS = {b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b'"': b'"', b"\\": b"\\"}


def unescape(match):
    if match[1]:
        return bytes.fromhex(match[1].decode())
    return LETTERS.get(match[2], match[0])


def text(raw):
    """A field, and whether it is UTF-8."""
    if raw == b"-":
        return None, True
    data = ESCAPE.sub(unescape, raw)
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return data.decode(errors="backslashreplace"), False


def parse(line, iso):
    """The fields of a line and whether all are UTF-8, or None."""
    match = LINE.fullmatch(line)
    if not match:
        return None
    host, ident, user, time, request, status, size, referer, agent, forwarded = match.groups()
    try:
        when = datetime.strptime(time.decode(), "%d/%b/%Y:%H:%M:%S %z")
    except ValueError:
        return None
    fields = {"host": host, "ident": ident, "user": user, "time": time}
    parts = request.split(b" ")
    if len(parts) == 3 and all(parts) and parts[2].startswith(b"HTTP/") and len(parts[2]) > 5:
        fields |= dict(zip(["method", "path", "protocol"], parts))
    else:
        fields["request"] = request
    fields |= {"status": status, "bytes": size}
    for name, value in [("referer", referer), ("agent", agent), ("forwarded_for", forwarded)]:
        if value is not None:
            fields[name] = value
    good = True
    for name, raw in fields.items():
        if name in ("status", "bytes"):
            fields[name] = None if raw == b"-" else int(raw)
        else:
            fields[name], is_good = text(raw)
            good = good and is_good
    if iso:
        fields["time"] = when.isoformat()
    return fields, good


def logfmt(fields):
    def value(of):
        if of is None:
            return "null"
        if isinstance(of, int):
            return str(of)
        if of in ("", "null") or any(c <= " " or c in '"=\\\x7f' for c in of):
            return json.dumps(of, ensure_ascii=False)
        return of

    return " ".join(f"{name}={value(of)}" for name, of in fields.items())


PARTS = [b"a", b"Z", b"/", b"=", b"?q=1&r=2", b" ", b"\\x22", b'\\"', b"\\\\", b"\\n", b"\\t", b"\\r", b"\\v", b"\\b", b"\\q", b"\\x4",
         b"\\xc3\\xa9", b"\\xC3", b"\\xff", "é€𝄞".encode(), b"\xc3", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\t",
         b"\x01", b"\x7f", b"\x0c", b"\\x00", b"null", b"-", b"\xe0\x80\x80", b"\\xe2\\x82\\xac", b"\x00", b"\\x0A", b"\xf0\x9f\x98\x80"]


def odd(random, longest, blanks=True):
    made = b"".join(random.choice(PARTS) for _ in range(random.randint(0, longest)))
    return made if blanks else made.replace(b" ", b"").replace(b"\n", b"") or b"x"


def made_line(random):
    word = lambda: random.choice([b"-", b"-", b"bob", b"127.0.0.1", b"::1", b"[::1]", "jürgen".encode(), odd(random, 4, False)])
    day, month, year = random.randint(1, 28), random.choice("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()), random.randint(1970, 2040)
    clock = f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}"
    time = f"{day:02}/{month}/{year:04}:{clock} {random.choice(['+0000', '-0530', '+1345'])}"
    if random.random() < 0.08:
        time = random.choice(["29/Feb/2023:00:00:00 +0000", "29/Feb/2024:00:00:00 +0000", "01/Foo/2026:00:00:00 +0000", "31/Apr/2026:00:00:00 +0000",
                              "01/Jan/2026:24:00:00 +0000", "01/Jan/0000:00:00:00 +0000", "1/Jan/2026:00:00:00 +0000", "00/Jan/2026:00:00:00 +0000",
                              "01/Jan/2026:00:60:00 +0000", "31/Dec/9999:23:59:59 -2359", "01/Jan/2026:00:00:00 0000"])
    request = random.choice([b"GET / HTTP/1.1", b"-", b"", b"GET /a b HTTP/1.0", b"GET  HTTP/1.1", b"\\x16\\x03\\x01", b"GET / FTP", b"A B HTTP/",
                             b"GET /" + odd(random, 5) + b" HTTP/2.0", b"POST /" + odd(random, 9, False) + b" HTTP/1.1", odd(random, 6)])
    number = lambda: random.choice([b"200", b"0", b"-", b"404", b"18446744073709551616", str(random.randrange(10**6)).encode()])
    line = b"%s %s %s [%s] \"%s\" %s %s" % (word(), word(), word(), time.encode(), request, number(), number())
    kind = random.random()
    if kind < 0.75:
        for _ in range(2 + (random.random() < 0.2)):
            line += b' "' + random.choice([b"-", b"", b"Mozilla/5.0 (X11; Linux)", b"https://example.com/?a=b", odd(random, 8)]) + b'"'
    if random.random() < 0.15:
        at = random.randrange(len(line))
        line = random.choice([
            line[:at], line[:at] + line[at + 1 :], line + b" x", b" " + line, line + b' "a" "b"', line[:at] + b'"' + line[at:], b"", b"{}",
            line.replace(b" 200 ", b" 0200 "), line.replace(b'" ', b'"  ', 1), b"www.example.com:443 " + line,
        ])
    return line.replace(b"\n", b"")


def job(folder, random):
    to, iso = random.choice(["json", "logfmt"]), random.choice([True, True, False])
    strict = random.random() < 0.25
    lines_in, lines_out, counts, error, offset = [], [], [0, 0, 0], None, 0
    for _ in range(LINES if not strict else 12):
        line = made_line(random)
        if strict and len(lines_in) < 4:
            line = b'1.2.3.4 - - [28/Nov/2026:04:31:25 +0000] "GET / HTTP/1.1" 200 5'
        end = random.choice([b"\n", b"\n", b"\r\n"])
        if line.endswith(b"\r"):
            line = line.rstrip(b"\r")
        found = parse(line, iso) if line else None
        made = line
        if found:
            fields, good = found
            made = (json.dumps(fields, ensure_ascii=False, separators=(",", ":")) if to == "json" else logfmt(fields)).encode()
            counts[0] += 1
            counts[2] += not good
        elif line:
            counts[1] += 1
        if line and (not found or not found[1]) and not error:
            error = f"failed at line {len(lines_in) + 1}, offset"
        lines_in.append(line + end)
        lines_out.append(made + end)
    folder.mkdir(parents=True)
    (folder / "params.toml").write_text(f'to = "{to}"\ntime = "{"iso" if iso else "raw"}"\nstrict = {str(strict).lower()}\n')
    (folder / "input").write_bytes(b"".join(lines_in))
    if strict and error:
        (folder / "error").write_text(error)
        return
    (folder / "output").write_bytes(b"".join(lines_out))
    said = [f"{count:,} {name}" for count, name in zip(counts, ["lines", "not-parsed", "bad-utf8"]) if count]
    (folder / "counts").write_text(", ".join(said))


def main():
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    source = random.Random(seed)
    for number in range(JOBS):
        job(folder / str(number), source)


main()
