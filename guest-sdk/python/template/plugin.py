"""Shifts time stamps of the form ts=2026-11-26T10:00:00Z by some seconds."""

import re
from functools import lru_cache

from runner import Failure, integer, plugin

STAMP = re.compile(rb"ts=(([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z)")


@plugin("{{name}}", "Shifts time stamps by a number of seconds", version="0.1.0", license="Apache-2.0",
        literals=[b"ts="], text=True, length_preserving=True, deterministic=True, counts=["stamps"],
        seconds=integer("How many seconds to add", required=True))
def shift_stamps(edits, seconds):
    def shifted(match):
        _, day, hour, minute, second = match.groups()
        day = day_number(day)
        if day is None:
            return None  # no stamp: leave it as it is
        days, rest = divmod(int(hour) * 3600 + int(minute) * 60 + int(second) + seconds, 86400)
        minutes, second = divmod(rest, 60)
        return b"%bT%02d:%02d:%02dZ" % (date(day + days), *divmod(minutes, 60), second)

    edits.count("stamps", edits.sub(STAMP, shifted, group=1))


# The calendar, as Gregory's rules count it back to the year 0, which Python's
# datetime does not know. Years begin in March here, so that the leap day is the
# last one of a year. Neighbouring stamps have the same date: it is remembered.


@lru_cache(1024)
def day_number(text):
    """Days since 1 March of the year 0, or None if there is no such date."""
    year, month, day = map(int, text.split(b"-"))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= (0, 31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month]:
        return None
    if month < 3:
        year, month = year - 1, month + 12
    return year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 - 457) // 5 + day - 1


FIRST, LAST = day_number(b"0000-01-01"), day_number(b"9999-12-31")


@lru_cache(1024)
def date(days):
    """The date with this number, as text."""
    if not FIRST <= days <= LAST:
        raise Failure("the shifted year is outside of 0000..9999")
    era, days = divmod(days, 146097)
    year = (days - days // 1460 + days // 36524 - days // 146096) // 365
    days -= year * 365 + year // 4 - year // 100
    month = (days * 5 + 2) // 153
    day = days - (month * 153 + 2) // 5 + 1
    year, month = (year, month + 3) if month < 10 else (year + 1, month - 9)
    return b"%04d-%02d-%02d" % (year + era * 400, month, day)
