"""Shapes: small procedural pictures whose answer key says what is in them.

Every image is drawn from numbers, so what a class means is known exactly: which way its stripes run, how fine
they are, which hue or outline makes it what it is. A picture of what a network trained on Shapes has learned
can therefore be graded against the truth instead of against taste. Conventions of the key:

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

from .errors import nearest

COARSE = (0.075, 0.125)  # cycles per pixel: a period of 8 to 13 pixels
FINE = (0.16, 0.21)  # a period of 4.8 to 6.2 pixels
TAU, SQRT2 = math.tau, math.sqrt(2)


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

    The key's columns are class, pattern, orientation_deg, frequency_cpp, hue_deg and shape, one row an image;
    NaN or None marks a property that does not define the image.
    """

    images: np.ndarray
    labels: np.ndarray
    key: pd.DataFrame


def draw(count: int, seed: int, size: int = 64, classes: Sequence[str] | None = None) -> Shapes:
    """Draw `count` labelled images; the same arguments give the same pixels, bit for bit.

    Image i depends on (seed, size, classes) and i alone, so a longer draw starts with the shorter one. Each
    run of len(classes) images holds every class once, in random order. Patterns keep their scale in pixels:
    a larger image shows more of the pattern, not a larger one.

    Args:
        count: number of images, 1 to 1,000,000.
        seed: whole number from 0 up.
        size: side in pixels, 32 to 512.
        classes: names out of `CLASSES` to draw from; None draws from all.

    Raises:
        ValueError: an argument outside its range, or a class that does not exist.
    """
    ranges = {"count": (count, 1, 1_000_000), "seed": (seed, 0, 2**63 - 1), "size": (size, 32, 512)}
    for name, (value, low, high) in ranges.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
            raise ValueError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    chosen = np.array([CLASSES.index(name) for name in _known(classes)], np.int32)

    order_rng, number_rng, noise_rng = (np.random.default_rng([seed, stream]) for stream in range(3))
    order = order_rng.random((-(-count // len(chosen)), len(chosen))).argsort(axis=1)  # a row for each round
    labels = chosen[order].reshape(-1)[:count]
    numbers = number_rng.random((count, len(_NUMBERS.split())), np.float32)
    images = noise_rng.random((count, size, size, 3), np.float32)  # painted over, block by block
    truth = np.empty((count, 3))  # orientation, frequency, hue
    for label in chosen:
        rows = np.flatnonzero(labels == label)
        for block in np.split(rows, range(32, len(rows), 32)):  # blocks that fit the processor's cache
            images[block], truth[block] = _paint(images[block], CLASS_KEY[CLASSES[label]], numbers[block])

    table = pd.DataFrame(list(CLASS_KEY.values())).iloc[labels].reset_index(drop=True)
    defined = table[["orientation_deg", "frequency_band_cpp", "hue_deg"]].notna().to_numpy()
    key = pd.DataFrame({"class": np.array(CLASSES, object)[labels], "pattern": table["pattern"]})
    key[["orientation_deg", "frequency_cpp", "hue_deg"]] = np.where(defined, truth, np.nan)
    return Shapes(images, labels, key.assign(shape=table["shape"]))


# One uniform number in [0, 1) for each of these words, for each image.
_NUMBERS = """frequency angle x y sharpness tile radius arms side polarity contrast hue hue2 saturation
    saturation2 dark light ramp ramp_angle noise tone phase1 phase2 phase3 phase4"""


def _known(classes: Sequence[str] | None) -> Sequence[str]:
    if classes is None:
        return CLASSES
    if isinstance(classes, str) or not len(classes) or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be a list of one or more different class names, not {classes!r}")
    for name in classes:
        if name not in CLASS_KEY:
            raise ValueError(f"Shapes has no class {name!r}: {nearest(str(name), CLASSES)}")
    return classes


def _paint(noise: np.ndarray, entry: dict, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Paint one class over uniform noise (N, size, size, 3); images and their orientation, frequency, hue."""
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
        mask = _outline(s, t, n, _SHAPES[entry["shape"]])
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
    return np.clip(noise, -1, 1), np.stack([v.ravel() for v in (degrees % 180, frequency, hue % 360)], axis=1)


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


def _turned(s, t, degrees):
    """The coordinate across lines that are turned by each of `degrees`."""
    return [s * math.cos(turn) + t * math.sin(turn) for turn in map(math.radians, degrees)]


def _bricks(s, t, f, n):
    row = f * s / TAU
    column = f * t / (2 * TAU) + 0.5 * (np.floor(row) % 2)
    return 8 * (np.minimum(0.5 - np.abs(row % 1 - 0.5), 1 - 2 * np.abs(column % 1 - 0.5)) - 0.14)


def _blobs(s, t, f, n):
    waves = enumerate(_turned(s, t, (0, 45, 90, 135)))
    return sum(np.sin(0.3 * (0.6 + n[f"phase{i + 1}"]) * u + TAU * n[f"phase{4 - i}"]) for i, u in waves)


# Height of each pattern, inked where positive. s, t: pixels across and along the lines; f: radians a pixel.
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
    "honeycomb": lambda s, t, f, n: sum(np.cos(0.7 * f * u) for u in _turned(s, t, (0, 60, 120))) + 0.7,
    "blobs": _blobs,
    "grain": lambda s, t, f, n: np.sign(n["grain"] - 0.5),
    "blank": lambda s, t, f, n: np.full_like(s, -1),
}


def _outline(s, t, n, level):
    """Ink coverage of one shape, repeated on a square lattice of 40 to 64 pixels."""
    lattice = 40 + 24 * n["tile"]
    radius = lattice * (0.3 + 0.12 * n["radius"])
    v, u = ((c - lattice * np.round(c / lattice)) / radius for c in (s, t))  # v points down, u to the right
    return np.clip(0.5 - level(u, v) * radius / (1 + n["sharpness"]), 0, 1)


def _star(u, v, points, inner):
    """Tips at radius 1, notches at `inner`; in a polygon they lie on the straight line between two tips."""
    half, r = math.pi / points, np.hypot(u, v)
    fold = np.abs((np.arctan2(u, -v) + half) % (2 * half) - half)
    out, side = inner * math.sin(half), 1 - inner * math.cos(half)  # normal of the edge
    return (out * (r * np.cos(fold) - 1) + side * r * np.sin(fold)) / math.hypot(out, side)


def _face(u, v):
    eyes = np.hypot(np.abs(u) - 0.4, v + 0.25) - 0.2
    mouth = np.maximum(np.abs(np.hypot(u, v) - 0.6) - 0.11, 0.2 - v)
    return np.maximum(np.hypot(u, v) - 1, -np.minimum(eyes, mouth))


# Signed distance to each outline in units of its radius, negative inside.
_SHAPES = {
    "triangle": lambda u, v: _star(u, v, 3, 0.5),
    "square": lambda u, v: _star(u, v, 4, SQRT2 / 2),
    "star": lambda u, v: _star(u, v, 5, 0.42),
    "cross": lambda u, v: np.maximum(np.minimum(abs(u), abs(v)) - 0.3, np.maximum(abs(u), abs(v)) - 1),
    "crescent": lambda u, v: np.maximum(np.hypot(u, v) - 1, 0.85 - np.hypot(u - 0.5, v)),
    "face": _face,
    "disc": lambda u, v: np.hypot(u, v) - 1,
}
