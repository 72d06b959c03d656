"""Generates files, asks the plugin to change one column, and compares the rows
that Python's csv module reads before and after.

Standard output has one request a line: the file and the parameters in
hexadecimal. Standard input has one answer a line: `ok` or `error`, and the new
file or the message in hexadecimal. The exit code says whether all were right.
"""
import csv, io, random, sys

random.seed(int(sys.argv[1]))
FILES = int(sys.argv[2])
csv.field_size_limit(1 << 30)
PIECES = ["a", "b", "xyz", "é", ",", ";", "\t", "|", ":", "¦", '"', "'", '""', "\\", "^", " ", "\n", "\r",
          "\r\n", "#", "*", "0", "N", ""]
# A refusal must say why, in one of these ways.
REASONS = ["a carriage return without a line feed", "a line feed in a file whose records end",
           "a quote that is never closed", "an escape character at the end",
           "would become an empty line", "cannot be written without quotes or an escape",
           "would be left", "is a delimiter, a quote or an escape"]
counts = {}


def hexed(text):
    return text.encode().hex()


def ask(text, params):
    print(text.encode(errors="surrogateescape").hex() or "-", *(f"{name}={hexed(value)}" for name, value in params.items()), flush=True)
    verdict, _, answer = sys.stdin.readline().strip().partition(" ")
    answer = bytes.fromhex(answer)
    return verdict, answer.decode(errors="surrogateescape")


def dialect():
    quoting = random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE])
    escape = random.choice([None, None, "\\", "^"])
    form = {
        "delimiter": random.choice([",", ",", ";", "\t", "|", ":", "¦"]),
        "quotechar": random.choice(['"', '"', "'"]),
        "doublequote": random.random() < 0.7,
        "escapechar": escape,
        "skipinitialspace": random.random() < 0.3,
        "quoting": quoting,
    }
    # Where nothing is out of the ordinary, strict quotes read the same.
    is_plain = form["doublequote"] and not escape
    quotes = "strict" if is_plain and random.random() < 0.7 else "lenient"
    params = {
        "delimiter": form["delimiter"] if form["delimiter"] != "\t" else random.choice(["tab", "\\t"]),
        "quote": "none" if quoting == csv.QUOTE_NONE else form["quotechar"],
        "quotes": quotes,
        "double-quote": "true" if form["doublequote"] else "false",
        "escape": escape or "none",
        "skip-initial-space": "true" if form["skipinitialspace"] else "false",
        "null-words": "",
    }
    return form, params


def value():
    return "".join(random.choice(PIECES) for _ in range(random.choice([0, 1, 1, 2, 3, 5])))


def written(form, ends):
    """What Python's writer makes of random rows."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=ends, **form)
    width = random.choice([1, 2, 3, 5])
    try:
        for _ in range(random.choice([1, 2, 5, 12])):
            length = width if random.random() < 0.9 else random.randint(1, width + 1)
            writer.writerow([value() for _ in range(length)])
    except csv.Error:
        return None
    text = out.getvalue()
    return text.removesuffix(ends) if random.random() < 0.2 else text


def loose(form, ends):
    """Any text."""
    pieces = PIECES + [form["delimiter"]] * 6 + [form["quotechar"]] * 3 + [ends] * 4
    return "".join(random.choice(pieces) for _ in range(random.choice([3, 10, 40])))


def rows(text, form):
    return list(csv.reader(io.StringIO(text, newline=""), **form))


class Actions:
    """Each returns the parameters, and what becomes of a value: a function of
    the old and the new one that says whether it is right."""

    def mask(column):
        return {"mask": column}, lambda old, new: set(new) <= {"*"} and len(new.encode()) >= len(old.encode()) - 2

    def set(column):
        wanted = random.choice(["XX", "", value().replace("\n", "").replace("\r", "")])
        return {"set": f"{column}={wanted}"}, lambda old, new: new == wanted.replace("\r", "")

    def hash(column):
        seen = {}

        def is_right(old, new):
            if not old:
                return not new
            return seen.setdefault(old, new) == new and list(seen.values()).count(new) == 1 and (new != old or old.isdigit())
        return {"hash": column, "key": "k"}, is_right

    def hex(column):
        return {"hash": f"{column}=hex", "key": "k"}, lambda old, new: len(new) == (16 if old else 0)

    def null(column):
        return {"null": column}, lambda old, new: new == ""

    def truncate(column):
        return {"truncate": f"{column}=2"}, lambda old, new: new == old[:2]

    def keep_last(column):
        def is_right(old, new):
            kept = min(2, len(old) // 2)
            return new.endswith(old[len(old) - kept:]) and set(new[:len(new) - kept]) <= {"*"}
        return {"keep-last": f"{column}=2"}, is_right

    def replace(column):
        return {"replace": f"{column}=/[ax]/<,$0\">/"}, \
            lambda old, new: new == old.replace("a", "<,A\">").replace("x", "<,x\">").replace("A", "a")

    def map(column):
        return {"map": f"{column}\na\tb;\"c\nb\t\n"}, lambda old, new: new == {"a": 'b;"c', "b": ""}.get(old, old)


ACTIONS = [action for name, action in vars(Actions).items() if not name.startswith("_")]


def check(text, form, params):
    before = rows(text, form)
    first = next((row for row in before if row), None)
    if first is None:
        return "nothing"
    column = random.randrange(len(first))
    what = random.choice(["change"] * 6 + ["drop", "delete"])
    params = params | {"header": "false"}
    is_right = None
    if what == "change":
        more, is_right = random.choice(ACTIONS)(str(column + 1))
        params |= more
    elif what == "drop":
        params["drop"] = str(column + 1)
    else:
        wanted = random.choice([row[column] for row in before if len(row) > column])
        if "\n" in wanted or "\r" in wanted or '"' in wanted:
            return "nothing"
        params["delete-rows"] = f"{column + 1}={wanted}"
    verdict, answer = ask(text, params)
    complaint = f"\nparams {params}\nfrom   {text!r}\nanswer {verdict} {answer!r}"
    if verdict == "error":
        reason = next((reason for reason in REASONS if reason in answer), None)
        if reason is None:
            sys.exit("refused for no good reason" + complaint)
        return "refused: " + reason
    after = rows(answer, form)
    if what == "delete":
        expected = [row for row in before if not row or row[column:column + 1] != [wanted]]
        # A field that the record does not have counts as empty.
        expected = [row for row in expected if wanted or not row or len(row) > column]
        # Without the record between them, a carriage return and the line feed
        # of an empty line become one line end.
        if [row for row in after if row] != [row for row in expected if row]:
            sys.exit(f"other rows were deleted: {before} -> {after}" + complaint)
        return "deleted"
    if len(before) != len(after):
        sys.exit(f"{len(before)} rows became {len(after)}: {before} -> {after}" + complaint)
    for old, new in zip(before, after):
        if what == "drop" and len(old) > column:
            old = old[:column] + old[column + 1:] or [""]
        if len(old) != len(new):
            sys.exit(f"the row {old} became {new}" + complaint)
        for place, (left, right) in enumerate(zip(old, new)):
            if what == "change" and place == column:
                if not is_right(left, right):
                    sys.exit(f"{left!r} became {right!r}" + complaint)
            elif left != right:
                sys.exit(f"another column changed: {old} -> {new}" + complaint)
    if "mask" in params and len(answer.encode()) != len(text.encode()):
        sys.exit("the length changed" + complaint)
    return "the same"


# Kinds of files: the text, the column, how Python is told to read it, and the
# parameters that say the same to the plugin.
WIDE = ",".join(f"c{place}" for place in range(5000))
KINDS = [
    ("\ufeffa,b\n1,2\n", "b", {}, {}), ("a,b\r\n1,2\r\n", "b", {}, {}), ("a,b\r\n1,2\n3,4\r\n", "b", {}, {}),
    ("a,b\n1,2", "b", {}, {}), ('a,b\n"x\ny",2\n', "b", {}, {}), ('a,b\n1,"x\r\ny"\n', "b", {}, {}),
    ('a,b\n"x\ry",2\n', "b", {}, {}), ('a,b\n"say ""hi""",2\n', "b", {}, {}), ('a,b\n1,"""x"""\n', "b", {}, {}),
    ('a,b\n"""",""\n', "b", {}, {}), ("a;b\n1,5;2\n", "b", {"delimiter": ";"}, {"delimiter": ";"}),
    ("a|b\n1|2\n", "b", {"delimiter": "|"}, {"delimiter": "|"}), ("a\tb\n1\t2\n", "b", {"delimiter": "\t"}, {"delimiter": "tab"}),
    ("a b\n1 2\n", "b", {"delimiter": " "}, {"delimiter": " "}), ("a:b\n1:2\n", "b", {"delimiter": ":"}, {"delimiter": ":"}),
    ("a\x1fb\n1\x1f2\n", "b", {"delimiter": "\x1f"}, {"delimiter": "\\x1f"}),
    ("a\x01b\n1\x012\n", "b", {"delimiter": "\x01"}, {"delimiter": "\\x01"}),
    ("a¦b\n1¦2\n", "b", {"delimiter": "¦"}, {"delimiter": "¦"}), ("aþb\n1þ2\n", "b", {"delimiter": "þ"}, {"delimiter": "þ"}),
    ("a,b\n'x,y',2\n", "b", {"quotechar": "'"}, {"quote": "'"}), ("a,b,c\n1\n1,2\n1,2,3,4\n", "b", {}, {}),
    ("a,a,b\n1,2,3\n", "b", {}, {}), ("1,2\n3,4\n", "2", {}, {"header": "false"}), ("a,b\n#c\n1,2\n", "b", {}, {}),
    ("a,b\n\n1,2\n\n\n", "b", {}, {}), ("\n\na,b\n1,2\n", "b", {}, {}), ("full name,b\n1,2\n", '"full name"', {}, {}),
    ('"say ""hi""",b\n1,2\n', '"say ""hi"""', {}, {}), ('"a,b",c\n1,2\n', '"a,b"', {}, {}), ('"a=b",c\n1,2\n', '"a=b"', {}, {}),
    ("1,2\nx,y\n", '"2"', {}, {}), ("größe,b\n1,2\n", "größe", {}, {}), ("a,b\n", "b", {}, {}), ("", "b", {}, {}),
    ("a,b,\n1,2,\n", "b", {}, {}), (",b\n,2\n", "b", {}, {}), ("a,b\n1\0,2\n", "b", {}, {}),
    ("a,b\n\udce4,2\n", "b", {}, {}), ("a,b\n\udcff\udcfe\udc80,2\n", "b", {}, {}),
    (f"{WIDE}\n{WIDE}\n", "c4999", {}, {}), ('a,b\n"{""k"": ""v, w""}",2\n', "b", {}, {}), ("a,b\n 1 , 2 \n", "b", {}, {}),
    ('a,b\n5" disk,2\n', "b", {}, {"quotes": "lenient"}), ('a,b\nsay "hi" now,2\n', "b", {}, {"quotes": "lenient"}),
    ('a,b\n="001",2\n', "b", {}, {"quotes": "lenient"}),
    ('a;b\n1;{"e":"x"}\n', "b", {"delimiter": ";"}, {"quotes": "lenient", "delimiter": ";"}),
    ('a,b\n"x"y,2\n', "b", {}, {"quotes": "lenient"}), ('a,b\n"x" ,2\n', "b", {}, {"quotes": "lenient"}),
    ('a,b\n1, "x,y"\n', "b", {"skipinitialspace": True}, {"skip-initial-space": "true"}),
    ('a,b\n"say \\"hi\\"",2\n', "b", {"escapechar": "\\"}, {"escape": "\\"}),
    ("1\tx\\\ty\tsecret\n", "3", {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "escapechar": "\\"},
     {"delimiter": "tab", "quote": "none", "escape": "mysql", "header": "false"}),
    ("a,b\r1,2\r3,4\r", "b", {}, {}), ("a,b\r1,2\n3,4\r\n", "b", {}, {"line-end": "any"}),
    ("a,b\n1,\"x\ny\"", "b", {}, {}), ('a,b\n"x""",2\n', "b", {}, {}), ("a,b\n1,'\n", "b", {}, {}),
    (f"{','.join('column' + str(place) for place in range(9000))}\n1,2\n", "column1", {}, {}),
]
# What is refused, or read unlike Python: the text, the parameters, a part of
# the message.
REFUSED = [
    ('a,b\n5" disk,2\n', {"set": "b=XX"}, "a quote inside a field"), ('a,b\n"x"y,2\n', {"set": "b=XX"}, "text after a closing quote"),
    ('a,b\n1, "x,y"\n', {"set": "b=XX"}, "a quote inside a field"), ('a,b\n3,"x', {"set": "a=XX"}, "never closed"),
    ('a,b\n3,"x', {"set": "a=XX", "quotes": "lenient"}, "never closed"), ("a,b\nx\ry,2\n", {"set": "b=XX"}, "line-end=any"),
    ("# c\na,b\n1,2\n", {"set": "b=XX"}, "there is no column `b`"), (" b ,c\n1,2\n", {"set": "b=XX"}, "did you mean `\" b \"`"),
    ("Email,c\n1,2\n", {"set": "email=XX"}, "did you mean `\"Email\"`"),
    ("a\0,\0b\0\n\x001\0,\x002\0\n\0", {"mask": "1", "header": "false"}, "UTF-16"),
    ("a,b\n1,2\n", {"set": "b=XX", "delimiter": "ab"}, "`delimiter` must be"), ("a,b\n1,x\\", {"set": "b=XX", "escape": "\\"}, "at the end of the file"),
    ("1\tx\\\n2\ty\n", {"mask": "2", "delimiter": "tab", "quote": "none", "escape": "tsv", "header": "false"}, "an escaped line end"),
    ("sep=;\na;b\n1;2\n", {"set": "b=XX", "delimiter": ","}, "the first line says"),
]
for text, column, form, params in KINDS:
    verdict, answer = ask(text, {"set": f"{column}=XX"} | params)
    before, after = rows(text.removeprefix("\ufeff"), form), rows(answer.removeprefix("\ufeff"), form)
    header = next((row for row in before if row), [])
    place = int(column) - 1 if column.isdigit() else len(header) - 1 if header[-1:] == [column] else \
        next((place for place, name in enumerate(header) if name == column.strip('"').replace('""', '"')), 0)
    kept = "header" not in params
    for row in before:
        if kept and row:
            kept = False
        elif len(row) > place:
            row[place] = "XX"
    if verdict != "ok" or before != after:
        sys.exit(f"{text[:200]!r} with {params}: {verdict} {answer[:200]!r}")
for text, params, message in REFUSED:
    verdict, answer = ask(text, params)
    if verdict != "error" or message not in answer:
        sys.exit(f"{text!r} with {params} is not refused for `{message}`: {answer!r}")

for _ in range(FILES):
    form, params = dialect()
    ends = random.choice(["\n", "\n", "\r\n", "\r"])
    is_loose = random.random() < 0.4
    text = loose(form, ends) if is_loose else written(form, ends)
    if text is None:
        continue
    if is_loose:
        params["quotes"] = "lenient"
    # `any` reads carriage returns as Python does.
    params["line-end"] = random.choice(["any", "any", "any", "auto"])
    result = check(text, form, params)
    counts[result] = counts.get(result, 0) + 1

print(counts, file=sys.stderr)
if counts.get("the same", 0) < FILES / 3 or counts.get("deleted", 0) < FILES / 100:
    sys.exit(f"too few files were compared: {counts}")
