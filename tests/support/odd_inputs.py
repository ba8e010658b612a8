"""Odd values, and the one rule for what may come of them: a clear sentence, or a right answer.

A refusal is a ValueError or an OSError of ours, whose text names the parameter, the value given and what is allowed.
An acceptance is right when the kind of the parameter (a row of the table in tests/fuzz) takes such a value, and the
result has the property that its row demands.
"""

import re
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

import numpy as np

SECONDS = 20  # what takes longer counts as a hang
ODD = {
    "None": None, "True": True, "a word": "twelve", "no word": "", "NUL": "a\0b", "bytes": b"12", "minus one": -1,
    "zero": 0, "a half": 0.5, "two": 2, "NaN": float("nan"), "infinity": float("inf"), "huge": 10**30,
    "beyond 32 bits": 2**32 + 3, "complex": 1j, "nothing": [], "ragged": [[1], [2, 3]], "nested": [[1.0, 2.0]],
    "a mapping": {"a": 1}, "a set": {1}, "an object": object(), "a function": print, "a type": int,
    "an array of NaN": np.array([np.nan]), "words": ["a", "b"], "nones": [None], "bools": [True],
    "bytes of pictures": np.zeros((1, 40, 40, 3), np.uint8), "a flat picture": np.zeros((40, 40), np.float32),
    "a bright picture": np.full((1, 40, 40, 3), 255.0, np.float32),
}  # fmt: skip
ALLOWED = re.compile(
    r"\b(must|needs?|takes?|lies?|from .+ to|at least|or more|or less|above|below|one of|such as|did you mean|there is"
    r"|there are|give|has channels?|has classes|is no field)\b",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Kind:
    """What a parameter takes.

    Args:
        fits: whether a value is of the kind.
        words: how a message may call the parameter, besides its own name.
    """

    fits: Callable[[Any], bool]
    words: tuple[str, ...] = ()

    def called(self, *words: str) -> "Kind":
        return Kind(self.fits, words)

    def or_none(self) -> "Kind":
        return Kind(lambda value: value is None or self.fits(value), self.words)


@dataclass(frozen=True)
class Target:
    """A row of the table: a call that is right, what each of its parameters takes, and what makes an answer right."""

    call: Callable
    takes: Mapping[str, Kind]
    good: Mapping[str, Any] = field(default_factory=dict)
    right: Callable[[Any, Any], bool] = lambda result, value: True


def whole(least=None, most=None):
    return Kind(lambda value: _whole(value) and _within(value, least, most))


def wholes(least=None, most=None):
    return Kind(
        lambda value: all(_whole(v) and _within(v, least, most) for v in _flat(value)) and len(_flat(value)) > 0
    )


def number(least=None, most=None, more_than=None, below=None):
    return Kind(lambda value: _number(value) and _within(value, least, most) and _strictly(value, more_than, below))


def numbers(least=None, most=None, more_than=None, below=None, fits=lambda value: True):
    def all_fit(value):
        flat = _flat(value)
        return len(flat) > 0 and all(
            _number(v)
            and abs(v) < 3e38
            and _within(np.float32(v), least, most)
            and _strictly(np.float32(v), more_than, below)
            and fits(v)
            for v in flat
        )

    return Kind(all_fit)


def choice(*names):
    return Kind(lambda value: isinstance(value, str) and value in names)


def instance(*types):
    return Kind(lambda value: isinstance(value, types))


FLAG = Kind(lambda value: isinstance(value, bool | np.bool_))
NEVER = Kind(lambda value: False)
PICTURES = Kind(
    lambda value: isinstance(value, np.ndarray) and value.ndim == 4 and value.dtype.kind == "f" and value.max() <= 1,
    ("image", "picture"),
)


def _whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def _number(value):
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and bool(np.isfinite(float(value)))


def _within(value, least, most):
    return (least is None or value >= least) and (most is None or value <= most)


def _strictly(value, more_than, below):
    return (more_than is None or value > more_than) and (below is None or value < below)


def _flat(value):
    """A number as a list of one, a flat list as it is; anything else as a list of itself, which is no number."""
    if isinstance(value, np.ndarray):
        return list(value) if value.ndim == 1 else [value]
    return list(value) if isinstance(value, list | tuple | range) else [value]


def outcome(target: Target, parameter: str, value: Any) -> str:
    """Return "clear" (refused in a sentence), "right", or what is wrong with what came of a value."""
    kind = target.takes[parameter]
    try:
        result = limited(lambda: target.call(**{**target.good, parameter: value}))
    except (ValueError, OSError) as error:
        if kind.fits(value):
            return f"refused, and is right: {error}"
        return unclear(error, (parameter, *kind.words), value)
    except TimeoutError:
        raise
    except Exception as error:
        return f"unclear: {type(error).__name__}: {error}"
    if not kind.fits(value):
        return f"accepted: {result!r:.100}"
    return "right" if target.right(result, value) else f"wrong answer: {result!r:.100}"


def unclear(error: Exception, words: tuple[str, ...], value: Any) -> str:
    """Return "clear", or what the text of a refusal lacks."""
    text = str(error)
    if type(error).__module__.startswith(("tensorflow", "keras", "numpy", "pandas", "pydantic", "torch")):
        return f"unclear, {type(error).__name__} is not ours: {text:.200}"
    if not any(re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) for word in _singular(words)):
        return f"unclear, names none of {words}: {text:.200}"
    if not any(form in text for form in forms(value)):
        return f"unclear, does not show {value!r:.40}: {text:.200}"
    if not ALLOWED.search(text):
        return f"unclear, does not say what is allowed: {text:.200}"
    return "clear"


def _singular(words):
    return {form for word in words for form in (word, word.removesuffix("s"), word.replace("_", " "))}


def forms(value: Any) -> set[str]:
    """How a message may show a value: as Python writes it or its beginning, as a number, or by type or shape."""
    found = {repr(value)[:20], type(value).__name__}
    if isinstance(value, str):
        found |= {value} if value else {"''", "empty"}
    if isinstance(value, Real):
        found |= {f"{value:g}", f"{value:,}", f"{value:.5e}"[:6].replace(".", "")}  # its first digits are enough
    if isinstance(value, np.ndarray):
        found |= {repr(value.tolist())[:20], repr(value[0].tolist())[:20]}
    if isinstance(value, list):
        found |= {f"{item:g}" for item in value if isinstance(item, Real)}
    if any(isinstance(one, Real) and abs(one) < 1e-40 for one in (value if isinstance(value, list) else [value])):
        found.add("0.0")  # as float32
    if isinstance(value, dict):
        found |= {repr(item) for item in (*value, *value.values())}
    if isinstance(value, list | np.ndarray):
        with_shape = [np.shape(value)] if isinstance(value, np.ndarray) else []
        found |= {str(shape) for shape in with_shape} | {f"{len(value)} "} | {repr(item)[:20] for item in value}
        found |= {str(getattr(value, "dtype", "list")), "255"} | ({"none", "empty", "no "} if not len(value) else set())
    return found


def limited(call: Callable[[], Any]) -> Any:
    """Call it; what does not end within seconds is ended."""
    if threading.current_thread() is not threading.main_thread():
        return call()

    def ended(*_):
        raise RuntimeError(f"it takes more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(SECONDS)
    try:
        return call()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
