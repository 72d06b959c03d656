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
    print(text.encode().hex() or "-", *(f"{name}={hexed(value)}" for name, value in params.items()), flush=True)
    verdict, _, answer = sys.stdin.readline().strip().partition(" ")
    answer = bytes.fromhex(answer)
    return verdict, answer.decode()


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
