"""Write plugins for `runner` in Python.

    from runner import Failure, integer, plugin

    @plugin("shift", "Shifts numbers", literals=[b"n="], text=True,
            by=integer("How much to add", required=True))
    def shift(edits, by):
        edits.sub(rb"n=([0-9]+)", lambda m: b"%d" % (int(m[1]) + by), group=1)

`README.md` beside this file has the whole of it on one page.
"""

from .declare import (
    Field,
    Framing,
    Job,
    Parameter,
    Prefilter,
    Table,
    boolean,
    byte_string,
    choice,
    integer,
    literals,
    plugin,
    regex,
    secret,
    table,
    text,
)
from .edits import Edits
from .failure import Failure
from .host import log, open_table
from .window import Window

__all__ = [
    "Edits",
    "Failure",
    "Field",
    "Framing",
    "Job",
    "Parameter",
    "Prefilter",
    "Table",
    "Window",
    "boolean",
    "byte_string",
    "choice",
    "integer",
    "literals",
    "log",
    "open_table",
    "plugin",
    "regex",
    "secret",
    "table",
    "text",
]
