"""What a plugin may ask of the host. Outside of WebAssembly, where plugins are
tested as plain Python, log lines go to standard error and there are no tables.
"""

import sys

from .failure import U32, U64, number, words

try:
    from wit_world.imports import host as _host
    from wit_world.imports.types import Level as _Level
except ImportError:
    _host = None


class log:
    """Says something to the user: `log.warn("...")`. There are five levels:
    trace and debug for the plugin's author, info for the curious, warn and
    error for every user. `print` works as well: it is shown as info, and what
    goes to `sys.stderr` as warn.
    """

    @staticmethod
    def trace(message):
        """For the author of the plugin, in every detail."""
        _log("TRACE", message)

    @staticmethod
    def debug(message):
        """For the author of the plugin."""
        _log("DEBUG", message)

    @staticmethod
    def info(message):
        """For the curious user."""
        _log("INFO", message)

    @staticmethod
    def warn(message):
        """For every user."""
        _log("WARN", message)

    @staticmethod
    def error(message):
        """For every user: what went wrong."""
        _log("ERROR", message)


def _log(level, message):
    words(message, f"the message of log.{level.lower()}")
    if _host is None:
        print(f"plugin {level.lower()}: {message}", file=sys.stderr)
    else:
        # A lone surrogate cannot cross the border, and must not hide the rest.
        _host.log(_Level[level], message.encode("utf-8", "backslashreplace").decode())


class OpenTable:
    """A table that the user has given, read-only."""

    def __init__(self, name, size):
        self._name = name
        #: Its size in bytes.
        self.size = size

    def read(self, offset, length):
        """As many bytes from `offset` on as asked for, or fewer at its end."""
        number(offset, "the offset of a table", 0, U64)
        number(length, "the length read from a table", 0, U32)
        return _host.table_read(self._name, offset, length)


def open_table(name):
    """The table with this name; None if the user has not given it."""
    words(name, "the name of a table")
    size = _host.table_size(name) if _host else None
    return None if size is None else OpenTable(name, size)
