"""Lines with time stamps, and what the module `datetime` makes of them.

Usage: time-shift.py FOLDER SEED
"""

import email.utils
import pathlib
import random
import sys
from datetime import datetime, timedelta, timezone

JOBS, LINES = 16, 250
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
NOISE = [
    "", " ", "GET /a?t=12:30:59", "x", "up 3:04:05", "\t", "level=info", "18446744073709551615", "é", "10:20", "::", "2026-11",
    "fe80::1:22:33:44", "[", "]", "Jan", "Mon", "12026-11-28T04:31:25", "2026-11-28", "04:31:25", "28/Nov/2026", "\"", "1:2:3",
    "2026-11-28T04:31Z", "11-28 04:31:25", "Foo 28 04:31:25", "28/Foo/2026:04:31:25", "2026-11-28T4:31:25", "2026-1-28 04:31:25",
]
# What may follow a stamp of a form that says its year, and what may stand before.
AFTER = ["", "Z", ".5Z", ".123456789+05:30", ",123", " +0000", "-08:00", "z", ".", ":x", " UTC", "]", "\""]
BEFORE = ["", "[", "ts=", " ", "\"", "(", "at ", "x-", "=", "Sat", "é", "[Foo "]


def odd_fields(random):
    """Numbers of which some are no time."""
    month, day = random.choice([0, 1, 2, 2, 2, 6, 12, 13, 99]), random.choice([0, 1, 28, 29, 30, 31, 32, 99])
    hour, minute, second = random.choice([0, 23, 24, 99]), random.choice([0, 59, 60]), random.choice([0, 59, 60, 61])
    return month, day, hour, minute, second


def text(form, year, month, day, hour, minute, second, weekday):
    """A stamp in a form, from numbers that need not be a time."""
    name = MONTHS[month - 1] if 1 <= month <= 12 else "Xxx"
    clock = f"{hour:02}:{minute:02}:{second:02}"
    return {
        "iso": f"{year:04}-{month:02}-{day:02}T{clock}",
        "blank": f"{year:04}-{month:02}-{day:02} {clock}",
        "slash": f"{year:04}/{month:02}/{day:02} {clock}",
        "apache": f"{day:02}/{name}/{year:04}:{clock}",
        "bind": f"{day:02}-{name.upper()}-{year:04} {clock}",
        "plain": f"{day:02} {name} {year:04} {clock}",
        "http": f"{weekday}, {day:02} {name} {year:04} {clock}",
        "systemd": f"{weekday} {year:04}-{month:02}-{day:02} {clock}",
        "ctime": f"{weekday} {name} {day:2} {clock} {year:04}",
        "ctime-micros": f"{weekday} {name} {day:02} {clock}.000123 {year:04}",
        "date": f"{weekday} {name} {day:2} {clock} UTC {year:04}",
        "twitter": f"{weekday} {name} {day:2} {clock} +0000 {year:04}",
        "openssl": f"{name} {day:2} {clock} {year:04} GMT",
        "cisco": f"{name} {day:2} {year:04} {clock}",
        "syslog": f"{name} {day:2} {clock}",
        "syslog-weekday": f"{weekday} {name} {day:2} {clock}",
    }[form]


FORMS = ["iso", "blank", "slash", "apache", "bind", "plain", "http", "systemd", "ctime", "ctime-micros", "date", "twitter",
         "openssl", "cisco", "syslog", "syslog-weekday"]
WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun".split()


def of_time(form, t):
    """A stamp of a time, made by the library where it knows the form."""
    if form == "http":
        return email.utils.format_datetime(t.replace(tzinfo=timezone.utc), usegmt=True)[:-4]
    if form == "ctime":
        return t.ctime()
    if form in ("iso", "blank"):
        return t.isoformat("T" if form == "iso" else " ", "seconds")
    return text(form, t.year, t.month, t.day, t.hour, t.minute, t.second, WEEKDAYS[t.weekday()])


def moment(random, far):
    """A time that can be shifted; some are at ends of months and years."""
    year = random.choice([1970, 2000, 2024, 2025, 2026, 1900, 2100, 30, 9900] if far else [1, 2, 9999, 9998])
    if random.random() < 0.4:
        month = random.choice([2, 3, 12, 1])
        day = random.choice([1, 28, 31]) if month != 2 else random.choice([1, 28])
        if far and month == 2 and random.random() < 0.5 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
            day = 29
        return datetime(year, month, day, random.choice([0, 23]), random.choice([0, 59]), random.choice([0, 59]))
    return datetime(year, 1, 1) + timedelta(seconds=random.randrange(365 * 86400))


def stamp(random, by, year):
    """A stamp, what becomes of it, and under which name it is counted."""
    form = random.choice(FORMS)
    bare = form.startswith("syslog")
    if random.random() < 0.2:
        fields = odd_fields(random)
        name_ok = 1 <= fields[0] <= 12
        stamp_year = random.choice([0, 1900, 2024, 2026])
        try:
            datetime(year if bare and year else stamp_year, *fields)
        except ValueError:
            made = text(form, stamp_year, *fields, random.choice(WEEKDAYS))
            by_name = form not in ("iso", "blank", "slash", "systemd")
            if by_name and not name_ok:
                return made, made, None
            return made, made, "left-alone" if bare and not year else "invalid"
    t = moment(random, True)
    if bare and year:
        try:
            t = t.replace(year=year)
        except ValueError:
            t = t.replace(year=year, day=28)
    before, after = of_time(form, t), of_time(form, t + by)
    if form in ("http", "systemd", "date", "twitter") and random.random() < 0.3:
        before = random.choice(WEEKDAYS) + before[3:]  # A wrong day of the week is put right.
    if bare and not year:
        return before, before, "left-alone"
    if bare:
        # The digit that the day has lost or gained is a blank.
        assert len(before) == len(after)
    elif form in ("plain", "apache", "iso", "blank", "slash", "bind") and random.random() < 0.1:
        if form in ("iso", "blank", "slash", "plain"):
            full = random.choice(["Saturday, ", "WEDNESDAY "])
            return full + before, full + before, "left-alone"
        half = random.choice([" PM", " am", "AM"])
        return before + half, before + half, "left-alone"
    return before, after, "shifted"


def epoch(random, by):
    """A field with a number of seconds since 1970."""
    fraction = random.choice([0, 3, 6, 9])
    seconds = random.randrange(1_000_000_000, 9_000_000_000)
    shifted = seconds + int(by.total_seconds())
    tail = "".join(random.choice("0123456789") for _ in range(fraction))
    start, end = random.choice([("ts=", ""), ('"ts":', ","), ('"ts" : "', '"'), ("ts: ", ".25"), ("ts='", "'")])
    kind = random.random()
    if kind < 0.2:
        digits = random.choice(["12345", "123456789", "12345678901", "99999999999999999999"])
        return start + digits + end, start + digits + end, "invalid"
    if kind < 0.4:
        start = random.choice(["xts=", "ts=0 ", "ts", "ts2=", "ts.a=", "_ts:", "ts==", "t=", "a-ts="])
        return f"{start}{seconds}{tail}{end}", f"{start}{seconds}{tail}{end}", None
    return f"{start}{seconds}{tail}{end}", f"{start}{shifted:010}{tail}{end}", "shifted"


def duration(random):
    """A duration as it is written, and as it is."""
    sign = random.choice(["", "-", "+"])
    if random.random() < 0.5:
        seconds = random.choice([0, 1, 59, 86400, 86399, random.randrange(10**8), random.randrange(10**5)])
        written = str(seconds)
    else:
        written, seconds = "", 0
        for name, size in [("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]:
            if random.random() < 0.5:
                number = random.randrange(100)
                written, seconds = written + f"{number}{name}", seconds + number * size
        written = written or "0d"
    return sign + written, timedelta(seconds=-seconds if sign == "-" else seconds)


def write(folder, params, lines_in, **files):
    folder.mkdir(parents=True)
    (folder / "params.toml").write_text(params)
    (folder / "input").write_bytes(lines_in.encode())
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())


def job(folder, random, number):
    written, by = duration(random)
    year = random.choice([None, 2023, 2024, 1900, 2000])
    if abs(by) > timedelta(days=300):
        by, written = timedelta(hours=26), "1d2h"
    lines_in, lines_out, counts = [], [], {}
    for _ in range(LINES):
        line_in, line_out = "", ""
        for _ in range(random.choice([1, 1, 2, 3])):
            noise = random.choice(NOISE) + " | "
            before, after, counted = epoch(random, by) if random.random() < 0.15 else stamp(random, by, year)
            front, back = random.choice(BEFORE), random.choice(AFTER)
            if before[0].isalpha():
                front = random.choice(["", "[", "<13>", "Date: ", "\""])
            if before.lower().endswith("m") or "GMT" in before:
                back = random.choice(["", " ", "\t", "]"])
            elif before[-5:-4] == " " or "ts" in before:
                back = random.choice(["", "]", " +0000", "\"", " "])
            elif front == "Sat":
                front = "Sat:"
            line_in += noise + front + before + back + " , "
            line_out += noise + front + after + back + " , "
            if counted:
                counts[counted] = counts.get(counted, 0) + 1
        end = random.choice(["\n", "\n", "\r\n"])
        lines_in.append(line_in + end)
        lines_out.append(line_out + end)
    params = f'by = "{written}"\nepoch = ["ts"]\n' + (f"year = {year}\n" if year else "")
    said = [f"{counts[name]:,} {name}" for name in ("shifted", "invalid", "left-alone") if name in counts]
    write(folder / str(number), params, "".join(lines_in), output="".join(lines_out), counts=", ".join(said))


def overflow(folder, random, number):
    """A stamp that cannot be shifted that far, in the third line."""
    form = random.choice([form for form in FORMS if not form.startswith("syslog")])
    t = moment(random, False)
    by = timedelta(seconds=random.randrange(3 * 366 * 86400)) * random.choice([1, -1])
    start = f"{of_time('iso', datetime(2000, 1, 1))} fine\n\n"
    before = of_time(form, t)
    params = f'by = "{int(by.total_seconds())}"\n'
    try:
        after = of_time(form, t + by)
    except OverflowError:
        error = f"line 3, offset {len(start) + 1}: the shifted year is outside of 1 to 9999"
        write(folder / str(number), params, start + " " + before, error=error)
        return
    fine = of_time("iso", datetime(2000, 1, 1) + by)
    write(folder / str(number), params, start + " " + before, output=f"{fine} fine\n\n {after}")


def main():
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    source = random.Random(seed)
    for number in range(JOBS):
        job(folder, source, number)
    for number in range(JOBS, JOBS + 60):
        overflow(folder, source, number)


main()
