"""Checks edits of JSON with Python's json module.

Reads cases from standard input, one JSON object per line: the action, the path,
the argument, the input and the output (both as hexadecimal digits; the output is
null if there was an error). Prints each case that is wrong.
"""

import json
import re
import sys

WHITESPACE = " \t\n\r\x1e"
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[\s\x1e]+|[^\s\x1e{}\[\],:"]+')
STEP = re.compile(r"""(\.\.|\.)?(?:(\*|[\w-]+)|\[([^\]]*)\])""")


NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Impossible(Exception):
    """The new value would not have the type of the old one."""


class Obj(list):
    """An object: a list of pairs, so that repeated keys stay."""


class Num(str):
    """A number as it is written."""


def refuse(word):
    raise ValueError(word)


DECODER = json.JSONDecoder(object_pairs_hook=Obj, parse_int=Num, parse_float=Num, parse_constant=refuse)


def texts(data):
    """The top-level values."""
    text = data.decode("utf-8")
    found, at = [], 1 if text.startswith("\ufeff") else 0
    while True:
        while at < len(text) and text[at] in WHITESPACE:
            at += 1
        if at == len(text):
            return found
        value, at = DECODER.raw_decode(text, at)
        is_open = value is None or isinstance(value, (bool, Num))
        if is_open and at < len(text) and text[at] not in WHITESPACE:
            raise ValueError("no space after a value")
        found.append(value)


def steps(path):
    found = []
    for dots, name, brackets in STEP.findall(path[1:]):
        if name:
            selectors = [name]
        else:
            selectors = [part.strip() for part in brackets.split(",")]
            selectors = [int(part) if part.isdigit() else part.strip("'\"") for part in selectors]
        found.append((dots == "..", selectors))
    return found


def selected(selectors, key):
    return any(selector == "*" or (type(selector) is type(key) and selector == key) for selector in selectors)


class Edit:
    def __init__(self, case):
        self.action, self.argument = case["action"], case["argument"]
        self.steps = steps(case["path"])
        self.changes = 0

    def walk(self, value, active, inherited):
        """The new value in a list; an empty list if it is deleted."""
        matched = any(at == len(self.steps) for at in active)
        if matched and self.action == "delete":
            return []
        if matched and self.action in ("set", "null"):
            new = DECODER.decode(self.argument) if self.action == "set" else None
            self.changes += new != value or type(new) is not type(value)
            return [new]
        inherited = inherited or matched
        if isinstance(value, Obj):
            pairs = [(key, new) for key, old in value for new in self.walk(old, self.next(active, key), inherited)]
            return [Obj(pairs)]
        if isinstance(value, list):
            items = enumerate(value)
            return [[new for at, old in items for new in self.walk(old, self.next(active, at), inherited)]]
        return [self.scalar(value) if inherited else value]

    def next(self, active, key):
        found = set()
        for at in active:
            if at < len(self.steps):
                descends, selectors = self.steps[at]
                if descends:
                    found.add(at)
                if selected(selectors, key):
                    found.add(at + 1)
        return found

    def scalar(self, value):
        if value is None:
            return None
        new = value
        if self.action == "mask":
            if isinstance(value, bool):
                new = None
            elif isinstance(value, Num):
                mantissa, e, exponent = re.match(r"([^eE]*)([eE]?)(.*)", value).groups()
                new = Num(re.sub(r"\d", "1", mantissa) + e + re.sub(r"\d", "0", exponent))
            else:
                # The length depends on the escapes; it is compared by the tokens.
                new = "*" * bool(value)
        elif self.action == "truncate":
            if isinstance(value, bool):
                raise Impossible
            new = type(value)(value[: int(self.argument)])
            if isinstance(value, Num) and not NUMBER.fullmatch(new):
                raise Impossible
        self.changes += new != value or type(new) is not type(value)
        return new


def stars(value):
    """The value, with all strings of stars as one star."""
    if isinstance(value, Obj):
        return Obj((key, stars(item)) for key, item in value)
    if isinstance(value, list):
        return [stars(item) for item in value]
    if isinstance(value, str) and not isinstance(value, Num) and value and not value.strip("*"):
        return "*"
    return value


def shape(value):
    """The value with its types, for comparisons: Python takes 1 for True."""
    if isinstance(value, Obj):
        return ("object", [(key, shape(item)) for key, item in value])
    if isinstance(value, list):
        return ("array", [shape(item) for item in value])
    return (type(value).__name__, value)


def fault(case):
    data = bytes.fromhex(case["input"])
    try:
        before = texts(data)
    except (ValueError, UnicodeDecodeError):
        return None if case["output"] is None else "not JSON, but there was no error"
    edit = Edit(case)
    try:
        expected = [new for value in before for new in edit.walk(value, {0}, False)]
    except Impossible:
        return "an error was expected" if case["output"] else None
    if case["output"] is None:
        return "an error, but it is JSON: " + case["error"]
    output = bytes.fromhex(case["output"])
    found = texts(output)
    if shape(stars(found)) != shape(stars(expected)):
        return f"expected {expected}, found {found}"
    old, new = TOKEN.findall(data), TOKEN.findall(output)
    if b"".join(new) != output or b"".join(old) != data:
        return "the tokens are not the whole text"
    if case["action"] == "delete":
        rest = iter(token for token in old if token.strip())
        return None if all(token in rest for token in new if token.strip()) else "other tokens"
    if case["action"] in ("mask", "truncate"):
        differing = [at for at, (a, b) in enumerate(zip(old, new)) if a != b]
        # What is masked may be followed by the space that keeps the length.
        if case["action"] == "mask":
            return None if len(data) == len(output) else "another length"
        if len(old) != len(new) or len(differing) != edit.changes:
            return f"{len(differing)} of {len(old)} tokens differ, {edit.changes} values do"
    return None


def main():
    wrong = cases = valid = changed = 0
    for line in sys.stdin:
        case = json.loads(line)
        cases += 1
        valid += case["output"] is not None
        changed += case["output"] not in (None, case["input"])
        try:
            what = fault(case)
        except Exception as error:
            what = repr(error)
        if what:
            wrong += 1
            if wrong < 6:
                print(case["action"], case["path"], case["argument"], bytes.fromhex(case["input"]), what)
    print(f"{cases} cases, {valid} valid, {changed} changed, {wrong} wrong")
    sys.exit(bool(wrong))


main()
