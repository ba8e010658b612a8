"""One look for every figure: how many pixels an inch has, how wide a page is, one size of letters, one palette.

A stored figure is shown at one screen pixel per pixel, so that all sizes here are what a reader sees.
"""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from cycler import cycler

DPI = 160
PAGE = 968  # pixels: a notebook's page is about 1000 wide, and Jupyter puts a border of 16 round a figure
FONT = 6.5  # points
LETTER = FONT * DPI / 72 * 0.58  # pixels: the mean width of a letter
LINE = 18  # pixels from one line of text to the next

# Okabe and Ito (2008), told apart by colour-blind readers; without its yellow, which is too pale for a line.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

_STYLE = {
    "axes.grid": True,
    "axes.labelsize": FONT,
    "axes.linewidth": 0.5,
    "axes.prop_cycle": cycler(linestyle=["-", "--"]) * cycler(color=PALETTE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": FONT,
    "figure.dpi": DPI,
    "figure.titlesize": FONT,
    "font.size": FONT,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "legend.fontsize": FONT,
    "lines.linewidth": 1.2,
    "lines.markersize": 3,
    "xtick.labelsize": FONT,
    "xtick.major.width": 0.5,
    "xtick.minor.width": 0.3,
    "ytick.labelsize": FONT,
    "ytick.major.width": 0.5,
    "ytick.minor.width": 0.3,
}


@contextmanager
def style() -> Iterator[None]:
    """Within it, or within a function that it decorates, figures are made in the look of the course."""
    # Not `rc_context`, which restores all settings, also those that Jupyter makes while its first figure is made.
    before = {name: mpl.rcParams[name] for name in _STYLE}
    mpl.rcParams.update(_STYLE)
    try:
        yield
    finally:
        mpl.rcParams.update(before)


def wrap(text: str, pixels: float) -> str:
    """Break the lines of a text that are wider than so many pixels."""
    letters = max(int(pixels / LETTER), 6)
    return "\n".join(
        textwrap.fill(line, letters, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")
    )


def lines(text: str) -> int:
    """Return how many lines a text takes; none where it is empty."""
    return text.count("\n") + bool(text)
