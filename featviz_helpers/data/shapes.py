"""Shapes: small procedural pictures whose answer key says what is in them.

Every image is drawn from numbers, so what a class means is known exactly: which way its stripes run, how fine
they are, which hue or outline makes it what it is. A picture of what a network trained on Shapes has learned
can therefore be graded against the truth and not by taste. Conventions of the key:

orientation_deg: direction in which the LINES run. 0 is horizontal, counter-clockwise as seen on the screen,
    so 45 rises to the right and 90 is vertical; modulo 180. The spectral energy lies across the lines, at
    (f_row, f_col) = f * (cos, sin)(orientation): horizontal lines have theirs on the vertical (row) axis.
frequency_cpp: distance of the strongest spectral peak from zero, in cycles per pixel (0.5 is the finest).
hue_deg: hue angle of the HSV model. 0 is red, 60 yellow, 120 green, 240 blue.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..common.checks import is_list, refusal, whole_number
from ..common.errors import nearest
from .shapes_outlines import OUTLINES, SQRT2, outline
from .sizes import most_at_once

COARSE = (0.075, 0.125)  # cycles per pixel: a period of 8 to 13 pixels
FINE = (0.16, 0.21)  # a period of 4.8 to 6.2 pixels
TAU = math.tau


def _entry(pattern, orientation=None, band=None, hue=None, shape=None) -> dict:
    """One line of the answer key; None: this property does not define the class."""
    columns = ("pattern", "orientation_deg", "frequency_band_cpp", "hue_deg", "shape")
    return dict(zip(columns, (pattern, orientation, band, hue, shape), strict=True))


CLASS_KEY: dict[str, dict] = {
    "horizontal stripes": _entry("stripes", orientation=0.0, band=COARSE),
    "rising stripes": _entry("stripes", orientation=45.0, band=COARSE),
    "vertical stripes": _entry("stripes", orientation=90.0, band=COARSE),
    "falling stripes": _entry("stripes", orientation=135.0, band=COARSE),
    "fine horizontal stripes": _entry("stripes", orientation=0.0, band=FINE),
    "fine vertical stripes": _entry("stripes", orientation=90.0, band=FINE),
    "coarse checks": _entry("checks", band=COARSE),
    "fine checks": _entry("checks", band=FINE),
    "coarse dots": _entry("dots", band=COARSE),
    "fine dots": _entry("dots", band=FINE),
    "rings": _entry("rings", band=COARSE),
    "grid": _entry("grid", band=COARSE),
    "weave": _entry("weave", band=COARSE),
    **{k: _entry(k) for k in ("rays", "spirals", "waves", "zigzags", "bricks", "honeycomb")},
    **{k: _entry("shape", shape=k) for k in ("triangle", "square", "star", "cross", "crescent", "face")},
    "red disc": _entry("shape", hue=0.0, shape="disc"),
    "yellow disc": _entry("shape", hue=60.0, shape="disc"),
    "green disc": _entry("shape", hue=120.0, shape="disc"),
    "blue disc": _entry("shape", hue=240.0, shape="disc"),
    **{k: _entry(k) for k in ("blobs", "grain", "blank")},
}
"""What defines each class. `pandas.DataFrame.from_dict(CLASS_KEY, orient="index")` shows it as a table."""

CLASSES: tuple[str, ...] = tuple(CLASS_KEY)


@dataclass(frozen=True)
class Shapes:
    """Images (N, size, size, 3) float32 in [-1, 1], labels (N,) int32 (positions in `CLASSES`) and their key.

    The key's columns are class, pattern, orientation_deg, frequency_cpp, hue_deg and shape, one row per image;
    NaN or None marks a property that does not define the image. The masks are (N, size, size) bool, or None where they
    were not asked for: true where the ink of a class with a `shape` covers half a pixel or more, and nowhere on the
    other classes, whose pattern fills the image.
    """

    images: np.ndarray
    labels: np.ndarray
    key: pd.DataFrame
    masks: np.ndarray | None = None


def draw(
    count: int, seed: int, size: int = 64, classes: Sequence[str] | None = None, first: int = 0, masks: bool = False
) -> Shapes:
    """Draw `count` labelled images; the same arguments give the same pixels, bit for bit.

    Image i depends on (seed, size, classes) and i alone, so a longer draw starts with the shorter one. Each
    run of len(classes) images holds every class once, in random order. Patterns keep their scale in pixels:
    a larger image shows more of the pattern, not a larger one.

    Args:
        count: number of images, 1 to 1,000,000.
        seed: whole number from 0 up.
        size: side in pixels, 32 to 512.
        classes: names out of `CLASSES` to draw from; None draws from all.
        first: i of the first image, 0 to 1,000,000; those before it cost nothing.
        masks: also return where the objects are; the pixels stay the same.

    Raises:
        ValueError: an argument outside its range, or a class that does not exist.
    """
    labels = draw_labels(count, seed, classes, first)
    size = whole_number("size", size, 32, 512)
    whole_number("count", count, 1, most_at_once(size, size), f"Of {size} pixels, no more fit at once.")
    # Two 32-bit numbers share a word of the generator, so a skip has to end on an even image.
    odd, width = first % 2, len(_NUMBERS.split())
    rows, before = count + odd, (first - odd) // 2
    numbers = _stream(seed, 1, before * width).random((rows, width), np.float32)[odd:]
    images = _stream(seed, 2, before * size * size * 3).random((rows, size, size, 3), np.float32)[odd:]
    measures = np.empty((count, 3))  # orientation, frequency, hue
    covered = np.zeros((count, size, size), bool) if masks else None
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        for block in np.split(rows, range(32, len(rows), 32)):  # blocks that fit the processor's cache
            entry = CLASS_KEY[CLASSES[label]]
            images[block], measures[block], ink = _paint(images[block], entry, numbers[block])
            if covered is not None and entry["shape"]:
                covered[block] = ink >= 0.5

    table = pd.DataFrame(list(CLASS_KEY.values())).iloc[labels].reset_index(drop=True)
    defined = table[["orientation_deg", "frequency_band_cpp", "hue_deg"]].notna().to_numpy()
    key = pd.DataFrame({"class": np.array(CLASSES, object)[labels], "pattern": table["pattern"]})
    key[["orientation_deg", "frequency_cpp", "hue_deg"]] = np.where(defined, measures, np.nan)
    return Shapes(images, labels, key.assign(shape=table["shape"]), covered)


def draw_labels(count: int, seed: int, classes: Sequence[str] | None = None, first: int = 0) -> np.ndarray:
    """Return the labels (count,) int32 of the images that `draw` would draw, without drawing them."""
    count, first = whole_number("count", count, 1, 1_000_000), whole_number("first", first, 0, 1_000_000)
    seed = whole_number("seed", seed, 0, 2**63 - 1)
    indices = np.array([CLASSES.index(name) for name in _check_classes(classes)], np.int32)
    turn, inside = divmod(first, len(indices))
    turns = -(-(inside + count) // len(indices))  # every class once in each
    order = _stream(seed, 0, turn * len(indices)).random((turns, len(indices))).argsort(axis=1)
    return indices[order].reshape(-1)[inside : inside + count]


def _stream(seed: int, number: int, offset: int) -> np.random.Generator:
    """One of the three streams of random numbers of a seed, `offset` words of 64 bits from its start."""
    return np.random.Generator(np.random.PCG64([seed, number]).advance(offset))


# One uniform number in [0, 1) for each of these words, for each image.
_NUMBERS = """frequency angle x y sharpness tile radius arms side polarity contrast hue hue2 saturation
    saturation2 dark light ramp ramp_angle noise tone phase1 phase2 phase3 phase4"""


def _check_classes(classes: Sequence[str] | None) -> Sequence[str]:
    if classes is None:
        return CLASSES
    given = list(classes) if is_list(classes) else []
    if not given or len({repr(name) for name in given}) < len(given):
        raise refusal("classes", "a list of one or more different class names", classes)
    for name in given:
        if not isinstance(name, str) or name not in CLASS_KEY:
            raise ValueError(f"Shapes has no class {name!r}: {nearest(str(name), CLASSES)}")
    return given


def _paint(noise: np.ndarray, entry: dict, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Paint one class over uniform noise (N, size, size, 3); images, their orientation, frequency, hue, and the ink."""
    size = noise.shape[1]
    n = {number: numbers[:, i, None, None] for i, number in enumerate(_NUMBERS.split())}
    low, high = entry["frequency_band_cpp"] or COARSE
    frequency = low + (high - low) * n["frequency"]
    spread = 16 if entry["orientation_deg"] is not None else 30 if entry["shape"] == "face" else 360
    degrees = (entry["orientation_deg"] or 0) + spread * (n["angle"] - 0.5)
    angle = np.radians(degrees)
    x = np.arange(size, dtype=np.float32)[None, None, :] - size * (0.2 + 0.6 * n["x"])
    y = np.arange(size, dtype=np.float32)[None, :, None] - size * (0.2 + 0.6 * n["y"])
    s = x * np.sin(angle) + y * np.cos(angle)  # runs across the lines, downwards at angle 0
    t = x * np.cos(angle) - y * np.sin(angle)  # runs along the lines, rightwards at angle 0
    if entry["shape"]:
        mask = outline(s, t, n, OUTLINES[entry["shape"]])
    else:  # from soft to nearly hard edges
        pair = np.arange(size) // 2 * 2  # grains of 2 by 2 pixels outlive a little smoothing
        n["grain"] = noise[:, pair[:, None], pair, 0]
        n["arms"] = np.floor(2 + 3 * n["arms"]) * np.sign(n["side"] - 0.5)
        level = _LEVELS[entry["pattern"]](s, t, TAU * frequency, n)
        mask = np.clip(0.5 + (1 + 2 * n["sharpness"]) * level, 0, 1)

    ink, paper, hue = _colours(entry["hue_deg"], n)
    ramp = (x * np.cos(TAU * n["ramp_angle"]) + y * np.sin(TAU * n["ramp_angle"])) * (0.4 * n["ramp"] / size)
    noise = (noise - 0.5) * (0.3 * n["noise"][..., None])
    noise += paper + mask[..., None] * (ink - paper) + ramp[..., None]
    measures = np.stack([v.ravel() for v in (degrees % 180, frequency, hue % 360)], axis=1)
    return np.clip(noise, -1, 1), measures, mask


def _colours(hue_deg: float | None, n: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ink and paper, (N, 1, 1, 3) in [-1, 1], one dark and one light, and the hue of the ink in degrees."""
    if hue_deg is None:
        hue = 360 * n["hue"]
        dark = _rgb(hue, n["saturation"], 0.3 * n["dark"])
        light = _rgb(360 * n["hue2"], n["saturation2"], 0.7 + 0.3 * n["light"])
        swap = n["polarity"][..., None] < 0.5
        ink, paper = np.where(swap, light, dark), np.where(swap, dark, light)
    else:  # vivid ink on grey paper, so that the only colour in the image is the answer
        hue = hue_deg + 24 * (n["hue"] - 0.5)
        ink = _rgb(hue, 0.75 + 0.25 * n["saturation"], 0.75 + 0.25 * n["light"])
        paper = _rgb(hue, np.zeros_like(hue), 0.9 * n["tone"])
    middle, contrast = (ink + paper) / 2, 0.65 + 0.35 * n["contrast"][..., None]
    return 2 * (middle + contrast * (ink - middle)) - 1, 2 * (middle + contrast * (paper - middle)) - 1, hue


def _rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """HSV (hue in degrees, the others in [0, 1]) to RGB in [0, 1] along a new last axis."""
    sector = (hue[..., None] / 60 + np.array([5, 3, 1], np.float32)) % 6
    return value[..., None] * (1 - saturation[..., None] * np.clip(np.minimum(sector, 4 - sector), 0, 1))


def _turn(s, t, degrees):
    """Return the coordinate across lines at each of the angles `degrees`."""
    return [s * math.cos(turn) + t * math.sin(turn) for turn in map(math.radians, degrees)]


def _bricks(s, t, f, n):
    row = f * s / TAU
    column = f * t / (2 * TAU) + 0.5 * (np.floor(row) % 2)
    return 8 * (np.minimum(0.5 - np.abs(row % 1 - 0.5), 1 - 2 * np.abs(column % 1 - 0.5)) - 0.14)


def _blobs(s, t, f, n):
    waves = enumerate(_turn(s, t, (0, 45, 90, 135)))
    return sum(np.sin(0.3 * (0.6 + n[f"phase{i + 1}"]) * u + TAU * n[f"phase{4 - i}"]) for i, u in waves)


# Height of each pattern, inked where positive. s, t: pixels across and along the lines; f: radians per pixel.
_LEVELS = {
    "stripes": lambda s, t, f, n: np.sin(f * s),
    "checks": lambda s, t, f, n: np.sin(f / SQRT2 * s) * np.sin(f / SQRT2 * t),  # peaks on the diagonal
    "dots": lambda s, t, f, n: np.cos(f * s) + np.cos(f * t) - 1,
    "rings": lambda s, t, f, n: np.sin(f * np.hypot(s, t) + TAU * n["phase1"]),
    "grid": lambda s, t, f, n: 2 * np.maximum(np.cos(f * s), np.cos(f * t)) - 1.3,
    "weave": lambda s, t, f, n: np.sin(f * np.where((s * f // (2 * TAU) + t * f // (2 * TAU)) % 2 < 1, s, t)),
    "rays": lambda s, t, f, n: np.sin(np.floor(7 + 5 * n["side"]) * np.arctan2(s, t)),
    "spirals": lambda s, t, f, n: np.sin(0.8 * f * np.hypot(s, t) + n["arms"] * np.arctan2(s, t)),
    "waves": lambda s, t, f, n: np.sin(f * s + 3.2 * np.sin(f * t / 3)),
    "zigzags": lambda s, t, f, n: np.sin(f * s + 1.6 * TAU * np.abs(f * t / (1.6 * TAU) % 1 - 0.5)),
    "bricks": _bricks,
    "honeycomb": lambda s, t, f, n: sum(np.cos(0.7 * f * u) for u in _turn(s, t, (0, 60, 120))) + 0.7,
    "blobs": _blobs,
    "grain": lambda s, t, f, n: np.sign(n["grain"] - 0.5),
    "blank": lambda s, t, f, n: np.full_like(s, -1),
}
