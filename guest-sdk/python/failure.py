"""How a plugin gives up, and checks of types that name the place."""

from operator import index


class Failure(Exception):
    """Ends the run with `message`, and leaves the file untouched.

    `position` is the byte of the window (in `begin`, of the head) that is the
    reason. The host says at which line and offset of the file that is.
    """

    def __init__(self, message, position=None):
        if not isinstance(message, str):
            raise TypeError(f"the message of a Failure must be a str, not {shown(message)}")
        super().__init__(message)
        self.message = message
        self.position = None if position is None else number(position, "the position of a Failure", 0, U32)


U32 = (1 << 32) - 1
U64 = (1 << 64) - 1


def shown(value):
    """A value and its type, for a message."""
    text = repr(value)
    return f"{type(value).__name__} ({text if len(text) < 60 else text[:57] + '...'})"


def data(value, place):
    """`value` as bytes; `place` is what the message calls it."""
    if type(value) is bytes:
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    hint = "; write b'...', or use .encode()" if isinstance(value, str) else ""
    raise TypeError(f"{place} must be bytes, not {shown(value)}{hint}")


def words(value, place):
    """`value`, which must be a str."""
    if not isinstance(value, str):
        raise TypeError(f"{place} must be a str, not {shown(value)}")
    return value


def truth(value, place):
    """`value`, which must be True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{place} must be True or False, not {shown(value)}")
    return value


def number(value, place, least, most):
    """`value` as an int from `least` to `most`."""
    if isinstance(value, bool):
        raise TypeError(f"{place} must be an int, not {shown(value)}")
    try:
        value = index(value)
    except TypeError:
        raise TypeError(f"{place} must be an int, not {shown(value)}") from None
    if not least <= value <= most:
        raise ValueError(f"{place} must be from {least} to {most}, not {value}")
    return value


def byte(value, place):
    """`value`, bytes of length one, as an int."""
    value = data(value, place)
    if len(value) != 1:
        raise ValueError(f"{place} must be one byte, not {shown(value)}")
    return value[0]


def several(value, place):
    """`value` as a list. A single str or bytes is a mistake, not a list."""
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(f"{place} must be a list, not {shown(value)}")
    try:
        return list(value)
    except TypeError:
        raise TypeError(f"{place} must be a list, not {shown(value)}") from None
