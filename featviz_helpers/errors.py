"""Errors for people, and the two checks that every module needs."""

import difflib
from collections.abc import Iterable


class DeadStart(ValueError):
    """An image whose objective has no gradient at its start: nothing can be climbed from there."""


class NotFinite(ArithmeticError):
    """A NaN or an infinity appeared during an ascent."""


class MissingWeights(FileNotFoundError):
    """A weights file is not there; the message says which, and how to get it."""


def nearest(name: str, allowed: Iterable[str], count: int = 3) -> str:
    """Return the allowed names closest to `name` as text, for the end of an error message."""
    allowed = [str(a) for a in allowed]
    close = difflib.get_close_matches(str(name), allowed, n=count, cutoff=0.3) or allowed[:count]
    return ", ".join(f"'{c}'" for c in close)
