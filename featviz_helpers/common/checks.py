"""Check numbers that people give: they come back as int or float, or the error says what is allowed."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import TypeGuard


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
        raise ValueError(_refusal(name, f"a whole number{_range(least, most)}", value, remedy))
    return int(value)


def whole_numbers(
    name: str, values: object, least: int | None = None, most: int | None = None, remedy: str = ""
) -> list[int]:
    """Return one whole number, or several, as a list of ints. Arguments and errors as for `whole_number`.

    Raises:
        ValueError: one of them is not a whole number or out of range, or there are none.
    """
    several: list = list(values) if isinstance(values, Iterable) and not isinstance(values, str | bytes) else [values]
    if not several or not all(_is_whole(value) and _fits(value, least, most) for value in several):
        allowed = f"a whole number{_range(least, most)}{',' if _range(least, most) else ''} or a list of them"
        raise ValueError(_refusal(name, allowed, values, remedy))
    return [int(value) for value in several]


def number(name: str, value: object, least: float | None = None, most: float | None = None, remedy: str = "") -> float:
    """Return a number as a float. Arguments and errors as for `whole_number`; NaN is refused.

    Raises:
        ValueError: it is not a number, or it is out of range.
    """
    if not _is_number(value) or not _fits(value, least, most):
        raise ValueError(_refusal(name, f"a number{_range(least, most)}", value, remedy))
    return float(value)


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


def _refusal(name: str, allowed: str, value: object, remedy: str) -> str:
    shown = value.tolist() if hasattr(value, "tolist") else value
    return f"{name} must be {allowed}; got {shown!r}.{remedy and f' {remedy}'}"
