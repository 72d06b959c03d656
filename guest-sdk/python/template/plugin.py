"""Shifts time stamps of the form ts=2026-11-26T10:00:00Z by some seconds."""

import re

from runner import Failure, integer, plugin

STAMP = re.compile(rb"ts=(([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z)")


@plugin("{{name}}", "Shifts time stamps by a number of seconds", version="0.1.0", license="Apache-2.0",
        literals=[b"ts="], text=True, length_preserving=True, deterministic=True, counts=["stamps"],
        seconds=integer("How many seconds to add", required=True))
def {{name_}}(edits, seconds):
    def shifted(match):
        year, month, day, hour, minute, second = map(int, match.group(2, 3, 4, 5, 6, 7))
        if not 1 <= month <= 12 or not 1 <= day <= days_in(year, month):
            return None  # no stamp: leave it as it is
        if hour > 23 or minute > 59 or second > 59:
            return None
        total = (day_number(year, month, day) * 24 + hour) * 3600 + minute * 60 + second + seconds
        edits.count("stamps")
        return stamp(total)

    edits.sub(STAMP, shifted, group=1)


def stamp(total):
    """The stamp so many seconds after the start of the year 0."""
    days, rest = divmod(total, 86400)
    if not 0 <= days < LAST_DAY:
        raise Failure("the shifted year is outside of 0000..9999")
    year, month, day = date(days)
    return b"%04d-%02d-%02dT%02d:%02d:%02dZ" % (year, month, day, rest // 3600, rest // 60 % 60, rest % 60)


# The calendar, as Gregory's rules count it back to the year 0, which Python's
# datetime does not know. Years begin in March here, so that the leap day is the
# last one of a year.


def days_in(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def day_number(year, month, day):
    """Days since 1 January of the year 0."""
    if month < 3:
        year, month = year - 1, month + 12
    return year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 - 457) // 5 + day - 1 + 60


LAST_DAY = day_number(10000, 1, 1)


def date(days):
    """The year, month and day with this number."""
    days -= 60
    era, days = divmod(days, 146097)
    year = (days - days // 1460 + days // 36524 - days // 146096) // 365
    days -= year * 365 + year // 4 - year // 100
    month = (days * 5 + 2) // 153
    day = days - (month * 153 + 2) // 5 + 1
    year += era * 400
    return (year, month + 3, day) if month < 10 else (year + 1, month - 9, day)
