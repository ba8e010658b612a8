"""The outlines of Shapes: how far each point lies from the edge of a triangle, a star, a face."""

import math

import numpy as np

SQRT2 = math.sqrt(2)


def outline(s, t, n, level):
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
OUTLINES = {
    "triangle": lambda u, v: _star(u, v, 3, 0.5),
    "square": lambda u, v: _star(u, v, 4, SQRT2 / 2),
    "star": lambda u, v: _star(u, v, 5, 0.42),
    "cross": lambda u, v: np.maximum(np.minimum(abs(u), abs(v)) - 0.3, np.maximum(abs(u), abs(v)) - 1),
    "crescent": lambda u, v: np.maximum(np.hypot(u, v) - 1, 0.85 - np.hypot(u - 0.5, v)),
    "face": _face,
    "disc": lambda u, v: np.hypot(u, v) - 1,
}
