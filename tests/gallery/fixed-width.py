"""Files of fixed-width records, and what `struct`, `str` and the codec cp037 make
of them.

Usage: fixed-width.py FOLDER SEED
"""

import pathlib
import random
import struct
import sys

JOBS = 60


def toml(data):
    """Bytes as the value of a parameter, in a string of TOML."""
    escaped = "".join(f"\\\\x{byte:02x}" for byte in data)
    return f'"{escaped}"'


def swapped(data, width):
    codes = {2: "H", 4: "I", 8: "Q"}
    if width in codes:
        count = len(data) // width
        return struct.pack(f"<{count}{codes[width]}", *struct.unpack(f">{count}{codes[width]}", data))
    return b"".join(data[at : at + width][::-1] for at in range(0, len(data), width))


class Plan:
    """Changes of a record: their parameters, and a function for each field."""

    def __init__(self, random):
        self.params = {"swap": [], "set": [], "left": [], "right": [], "to-ascii": [], "to-ebcdic": []}
        self.fields = []
        self.pad = random.choice([b" ", b" ", b"\0", b"0", b"@"])
        at = 0
        for _ in range(random.randint(1, 8)):
            at += random.choice([0, 0, 1, 3, 17])
            at += self.field(random, at)
        self.size = at + random.choice([0, 0, 1, 5])

    def field(self, random, at):
        kind = random.choice(list(self.params))
        if kind == "swap":
            width, count = random.choice([2, 4, 8, 2, 4, 8, 3, 16, 7]), random.choice([1, 1, 2, 5])
            self.params[kind].append(f'"{at}:{width}x{count}"' if count > 1 else f'"{at}:{width}"')
            self.fields.append((at, at + width * count, lambda old: swapped(old, width)))
            return width * count
        width = random.randint(1, 12)
        if kind == "set":
            new = bytes(random.randrange(256) for _ in range(width))
            self.params[kind].append(toml(f"{at}:".encode() + new))
            self.fields.append((at, at + width, lambda _: new))
            return width
        change = {
            "left": lambda old: old.strip(self.pad).ljust(width, self.pad),
            "right": lambda old: old.strip(self.pad).rjust(width, self.pad),
            "to-ascii": lambda old: old.decode("cp037").encode("latin-1"),
            "to-ebcdic": lambda old: old.decode("latin-1").encode("cp037"),
        }[kind]
        self.params[kind].append(f'"{at}:{width}"')
        self.fields.append((at, at + width, change))
        return width

    def record(self, random):
        made = bytearray(random.choice(b" \0a0@") if random.random() < 0.5 else random.randrange(256) for _ in range(self.size))
        if random.random() < 0.2:  # Fields that are the same the other way round.
            made = bytearray([random.randrange(256)] * self.size)
        return bytes(made)

    def apply(self, record):
        made = bytearray(record)
        for start, end, change in self.fields:
            made[start:end] = change(record[start:end])
        assert len(made) == len(record)
        return bytes(made)

    def toml(self, random, header):
        names = list(self.params)
        random.shuffle(names)
        lines = [f"record = {self.size}", f"header = {header}", f"pad = {toml(self.pad)}"]
        for name in names:
            random.shuffle(self.params[name])
            if self.params[name]:
                lines.append(f"{name} = [{', '.join(self.params[name])}]")
        return "\n".join(lines) + "\n"


def job(folder, random):
    plan = Plan(random)
    header = random.choice([0, 0, 1, 40])
    head = bytes(random.randrange(256) for _ in range(header))
    records = [plan.record(random) for _ in range(random.choice([0, 1, 2, 50, 400]))]
    new = [plan.apply(record) for record in records]
    changed = sum(
        old[start:end] != made[start:end] for old, made in zip(records, new) for start, end, _ in plan.fields
    )
    folder.mkdir(parents=True)
    (folder / "params.toml").write_text(plan.toml(random, header))
    rest = b""
    if plan.size > 1 and random.random() < 0.2:
        rest = bytes(random.randrange(1, plan.size))
    (folder / "input").write_bytes(head + b"".join(records) + rest)
    if rest:
        (folder / "error").write_text(f"{len(rest)} bytes are left over at the end, where a record has {plan.size}")
        return
    (folder / "output").write_bytes(head + b"".join(new))
    if changed:
        (folder / "counts").write_text(f": {changed:,} fields")


def main():
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    source = random.Random(seed)
    for number in range(JOBS):
        job(folder / str(number), source)


main()
