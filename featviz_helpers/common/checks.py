"""Check what people give: it comes back as its plain type, or the error names it, shows it and says what is allowed."""

import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard

SHOWN = 100  # characters of a value in a message
LONGEST = 255  # bytes of a name, on every usual file system
MOST_STEPS = 1_000_000  # of an ascent: histories are kept for every step


def whole_number(name: str, value: object, least: int | None = None, most: int | None = None, remedy: str = "") -> int:
    """Return a whole number as an int.

    Args:
        name: what the message calls it: "steps", "Bilateral: radius".
        value: an int or a numpy integer; True and 2.0 are refused.
        least: the smallest value allowed.
        most: the largest value allowed.
        remedy: a sentence for the end of the message.

    Raises:
        ValueError: it is not a whole number, or it is out of range.
    """
    if not _is_whole(value) or not _fits(value, least, most):
        raise refusal(name, f"a whole number{_range(least, most)}", value, remedy)
    return int(value)


def whole_numbers(
    name: str, values: object, least: int | None = None, most: int | None = None, remedy: str = ""
) -> list[int]:
    """Return one whole number, or several, as a list of ints. Arguments and errors as for `whole_number`.

    Raises:
        ValueError: one of them is not a whole number or out of range, or there are none.
    """
    several = _listed(values)
    if not several or not all(_is_whole(value) and _fits(value, least, most) for value in several):
        allowed = f"a whole number{_range(least, most)}{',' if _range(least, most) else ''} or a list of them"
        raise refusal(name, allowed, values, remedy)
    return [int(value) for value in several]


def number(name: str, value: object, least: float | None = None, most: float | None = None, remedy: str = "") -> float:
    """Return a number as a float. Arguments and errors as for `whole_number`; NaN is refused.

    Raises:
        ValueError: it is not a number, or it is out of range.
    """
    if not _is_number(value) or not _fits(value, least, most):
        raise refusal(name, f"a number{_range(least, most)}", value, remedy)
    return float(value)


def number_above(name: str, value: object, bound: float, most: float) -> float:
    """Return a number above `bound`, at most `most`; otherwise as `number`."""
    if not _is_number(value) or not bound < value <= most:
        raise refusal(name, f"above {bound:g} and at most {most:g}", value)
    return float(value)


def numbers(name: str, values: object) -> list[float]:
    """Return one finite number of float32, or several, as a list of floats.

    Raises:
        ValueError: one of them is not a number, or too large, or there are none.
    """
    several = _listed(values)
    if not several or not all(_is_number(value) and abs(value) < 3e38 for value in several):
        raise refusal(name, "a finite number, or a list with one per image", values)
    return [float(value) for value in several]


def flag(name: str, value: object) -> bool:
    """Return True or False.

    Raises:
        ValueError: it is something else; "no" and 0 would otherwise mean what nobody wrote.
    """
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise refusal(name, "True or False", value)
    return bool(value)


def choice(name: str, value: object, allowed: Iterable[str], remedy: str = "") -> str:
    """Return one of several words.

    Raises:
        ValueError: it is another one; the message has them all.
    """
    words = list(allowed)
    if not isinstance(value, str) or value not in words:
        raise refusal(name, f"one of {', '.join(map(repr, words))}", value, remedy)
    return value


def instance(name: str, value: Any, kind: Any, allowed: str) -> Any:
    """Return an object of a kind; `allowed` says what that is, such as "a name".

    Raises:
        ValueError: it is of another.
    """
    if not isinstance(value, kind):
        raise refusal(name, allowed, value)
    return value


def file_name(name: str, value: object) -> Path:
    """Return the path of a file or folder.

    Raises:
        ValueError: it is no text, empty, or what no file system takes (a NUL in it, more than 255 bytes).
    """
    try:
        name_bytes = os.fsencode(value) if isinstance(value, str | Path) else b""
    except UnicodeEncodeError:  # half of a character
        name_bytes = b""
    if not name_bytes or b"\0" in name_bytes or max(map(len, name_bytes.split(os.sep.encode()))) > LONGEST:
        raise refusal(name, "the name of a file or folder", value)
    return Path(str(value))


def refusal(name: str, allowed: str, value: object, remedy: str = "") -> ValueError:
    """Return the error of every check: what it is about, what is allowed, what was given, what to do."""
    return ValueError(f"{name} must be {allowed}; got {shown(value)}.{remedy and f' {remedy}'}")


def shown(value: Any) -> str:
    """Return a value as a message shows it: a picture by its shape, all else as Python writes it, not too long."""
    if getattr(value, "ndim", 0) > 1:
        kind = getattr(value, "dtype", "a table")  # of pandas: each column has a dtype of its own
        return f"an array of shape {tuple(value.shape)}, {kind}"
    text = repr(value.tolist() if hasattr(value, "tolist") else value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."


def _listed(values: Any) -> list:
    """Return several values as a list, and one as a list of one; a set has no order, and a mapping is no list."""
    values = values.tolist() if hasattr(values, "tolist") else values
    return list(values) if is_list(values) else [values]


def is_list(value: object) -> TypeGuard[Iterable]:
    """Whether a value is a list of some kind: text, a mapping and a set, which has no order, are none."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping | set | frozenset)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool) and value == value


def _fits(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _range(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f" from {least:,} to {most:,}"
    return f", {least:,} or more" if least is not None else f", {most:,} or less" if most is not None else ""
