"""A pytest plugin beside nbval: compares figures too, and lets a measured number differ a little.

An ascent is chaotic: on another processor, or with other threads, its motifs move about and the last digit of what is
measured on them changes, and with it the width of a table's column. Text, counts and shapes must still be equal. A cell
that prints shares of a few such pictures has the tag `few`, because one picture more or less is a large share of them.
Used as `pytest --nbval -p support.nbval_measured`.
"""

import base64
import io
import re

import numpy as np
from nbformat import from_dict
from nbval.plugin import IPyNbCell
from PIL import Image

FIGURES = ("image/png", "image/jpeg")
# Mean absolute difference of 64 px thumbnails, on a scale of 0 to 1; a missing panel or another picture is well above.
PICTURES = 0.08
NUMBERS = 0.15  # relative, or two units of the last printed digit
FEW = 0.13  # absolute: three pictures of 24, one of eight
# Measured is what has a decimal point, an exponent or a percent sign; other whole numbers are counts.
MEASURED = re.compile(r"(?<![\w.])-?(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|\d+(?= ?%))")
GAPS = re.compile(r" +")


def difference(one: str, other: str) -> float:
    """Mean absolute difference of two base64 figures, seen from afar; 1 if their shapes differ by more than 2 %."""
    images = [Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB") for png in (one, other)]
    (w, h), (w2, h2) = (image.size for image in images)
    if abs(w - w2) > 0.02 * w or abs(h - h2) > 0.02 * h:
        return 1.0
    small = [np.asarray(image.resize((64, 64), Image.Resampling.BOX), np.float32) for image in images]
    return float(np.abs(small[0] - small[1]).mean() / 255)


def forgiving(now: str, stored: str, slack: float = 0.0) -> str:
    """Return `now` with every measured number that is close enough replaced by the stored one.

    Where nothing but the width of gaps is different then, it is the stored text. `slack` is what a number may differ by
    at least.
    """
    numbers = MEASURED.findall(stored)
    if len(MEASURED.findall(now)) != len(numbers):
        return now
    rest = iter(numbers)
    text = MEASURED.sub(lambda found: _closest(found[0], next(rest), slack), now)
    return stored if GAPS.sub(" ", text) == GAPS.sub(" ", stored) else text


def _closest(now: str, stored: str, slack: float) -> str:
    mantissa, _, exponent = stored.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    allowed = max(slack, 2.01 * unit, NUMBERS * abs(float(stored)))
    return stored if abs(float(now) - float(stored)) <= allowed else now


def _forgiven(now: dict, stored: dict, slack: float) -> dict:
    if "text" in now and "text" in stored:
        return from_dict(now | {"text": forgiving(now["text"], stored["text"], slack)})
    data = dict(now.get("data", {}))
    for kind in data.keys() & stored.get("data", {}).keys():
        if kind in FIGURES:
            apart = difference(data[kind], stored["data"][kind])
            data[kind] = stored["data"][kind] if apart <= PICTURES else f"a figure that is {apart:.3f} apart"
        elif kind.startswith("text/"):
            data[kind] = forgiving(data[kind], stored["data"][kind], slack)
    return from_dict(now | {"data": data}) if data else now


def _compare(cell, now, stored, skip_compare=None):
    slack = FEW if "few" in cell.cell.metadata.get("tags", []) else 0.0
    if len(now) == len(stored):
        now = [_forgiven(*pair, slack) for pair in zip(now, stored, strict=True)]
    skip = [key for key in skip_compare or cell.parent.skip_compare if key not in FIGURES]
    return _strict(cell, now, stored, skip)


_strict = IPyNbCell.compare_outputs
IPyNbCell.compare_outputs = _compare
