"""The component's exports. `componentize-py` takes this module as the app; it
imports the user's `plugin.py`, while the component is built."""

import gc
import sys
import traceback

import plugin as _user  # noqa: F401  it declares the plugin
from componentize_py_types import Err
from wit_world.imports import types as t

from . import declare
from .declare import Job
from .edits import Edits
from .failure import Failure
from .host import log
from .window import Window

if declare.declared is None:
    raise SystemExit("plugin.py declares no plugin: put @plugin(...) before a function or a class")
_plugin = declare.declared


class Params(dict):
    """The parameters of a run: values by name, and `given`, all (name, value)
    in the order in which they came."""


def _manifest():
    def spec(name, parameter):
        use = t.ParamUse(0)
        for wanted, flag in ((parameter.required, t.ParamUse.REQUIRED), (parameter.repeats, t.ParamUse.REPEATS),
                             (parameter.from_file, t.ParamUse.FROM_FILE)):
            use |= flag if wanted else t.ParamUse(0)
        kind = t.ParamKind[parameter.kind]
        return t.ParamSpec(name, kind, use, parameter.default, parameter.doc, parameter.choices)

    specs = [spec(name, parameter) for name, parameter in _plugin.parameters.items()]
    tables = [t.TableSpec(name, table.required, table.doc) for name, table in _plugin.tables.items()]
    return t.Manifest(_plugin.name, _plugin.version, _plugin.summary, _plugin.license, specs, tables, _plugin.seed)


def _framing(framing):
    kind, *parts = framing
    if kind == "delimited":
        return t.Framing_Delimited(parts[0])
    if kind == "quoted":
        return t.Framing_Quoted(t.QuotedFraming(*parts))
    if kind == "fixed":
        return t.Framing_Fixed(t.FixedFraming(parts[1], parts[0]))
    if kind == "length-prefixed":
        offset, width, order, adjustment = parts
        checks = [
            t.FieldCheck(one.offset, one.width, t.ByteOrder[one.order.upper()], one.least, one.most)
            for one in framing.checks
        ]
        order = t.ByteOrder[order.upper()]
        parts = t.LengthPrefixedFraming(framing.header, offset, width, order, adjustment, checks)
        return t.Framing_LengthPrefixed(parts)
    if kind == "overlapping":
        return t.Framing_Overlapping(t.OverlappingFraming(*parts))
    return t.Framing_Bytes() if kind == "bytes" else t.Framing_Sequential()


def _prefilter(at, one):
    if one.kind == "literals":
        pattern = t.Pattern_Literals(t.Literals(one.what, one.any_case))
    else:
        pattern = t.Pattern_Regex(one.what)
    return t.Prefilter(at if one.id is None else one.id, pattern)


def _job(job):
    claims = t.Claims(0)
    for name in job.claims:
        claims |= t.Claims[name.upper()]
    return t.Job(
        _framing(job.framing),
        [_prefilter(at, one) for at, one in enumerate(job.prefilters)],
        job.show_all,
        claims,
        job.show_empty,
        list(job.counts),
        None if job.fields is None else t.Projection(job.field_delimiter, job.fields),
        None if job.ranges is None else [t.ByteRange(start, end) for start, end in job.ranges],
    )


def _params(given):
    params = Params({
        name: [] if parameter.repeats else None for name, parameter in _plugin.parameters.items()
    })
    params.given = [(one.name, one.value.value) for one in given]
    for name, value in params.given:
        if _plugin.parameters[name].repeats:
            params[name].append(value)
        else:
            params[name] = value
    return params


class _OfFunction:
    """A function as a plugin: the parameters become its keyword arguments."""

    def __init__(self):
        self._arguments = {}

    def begin(self, params, file):
        self._arguments = {name.replace("-", "_"): value for name, value in params.items()}

    def transform(self, edits):
        return _plugin.target(edits, **self._arguments)


def _reply(window, edits):
    if edits._whole is not None:
        if edits._spans:
            raise ValueError("a window was both edited and replaced")
        change = t.Change_Replaced(edits._whole)
    elif edits._spans:
        change = t.Change_Edits(t.Edits(edits._spans, b"".join(edits._new)))
    else:
        change = t.Change_Unchanged()
    names = edits._job.counts
    counts = [t.Count(names[name], times) for name, times in edits._counts.items() if times]
    return t.Reply(edits._consumed, change, counts)


def _failure(error):
    """An exception as a failure: its message for the user, and its traceback
    in the log for the plugin's author."""
    if isinstance(error, Failure):
        return Err(t.Failure(error.message, error.position))
    for line in "".join(traceback.format_exception(error)).splitlines():
        log.error(line)
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    place = next((f" (line {frame.lineno} of plugin.py)" for frame in reversed(traceback.extract_tb(error.__traceback__))
                  if frame.filename.endswith("plugin.py")), "")
    return Err(t.Failure(f"{what}{place}".encode("utf-8", "backslashreplace").decode(), None))


class Guest:
    """What the contract calls `guest`."""

    def describe(self):
        return _described

    def begin(self, params, file):
        try:
            target = _plugin.target
            state = target() if isinstance(target, type) else _OfFunction()
            begin = getattr(state, "begin", None)
            job = begin(_params(params), file) if begin else None
            job = _plugin.job if job is None else job
            if not isinstance(job, Job):
                raise TypeError(f"begin must return a Job or None, not {type(job).__name__}")
            answer = _job(job)
        except BaseException as error:
            raise _failure(error) from None
        _state[:] = state, job
        return answer

    def transform(self, raw):
        try:
            state, job = _state
            window = Window(raw, job.framing)
            edits = Edits(window, job)
            state.transform(edits)
            return _reply(window, edits)
        except BaseException as error:
            raise _failure(error) from None
        finally:
            # Thousands of edits would wake the collector again and again while
            # a window is at work. It looks for circles between windows instead.
            _windows[0] += 1
            if _windows[0] % 16 == 0:
                gc.collect()


#: The plugin for one file, and its job.
_state = []
_windows = [0]
_described = _manifest()

# What the build has made stays for ever: the collector need not look at it.
gc.collect()
gc.freeze()
gc.disable()
sys.stdout.reconfigure(line_buffering=True)
