"""What a figure says to those who cannot see it: its title and the words around its pictures and lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 300  # characters: who listens cannot skip


def alt(figure: Figure) -> str:
    """Return the title of a figure and its labels, each once, as one line of at most 300 characters."""
    words = list(dict.fromkeys(" ".join(text.split()) for text in _texts(figure)))
    text = "; ".join(filter(None, words))
    return text if len(text) <= MOST else text[:MOST].rsplit(" ", 1)[0] + " ..."


def _texts(figure: Figure) -> Iterator[str]:
    yield figure.get_suptitle()
    for axis in figure.axes:
        yield from (axis.get_title(place) for place in ("left", "center", "right"))
        yield from (axis.get_ylabel(), axis.get_xlabel())
        yield from (line.get_label() for line in axis.lines if not str(line.get_label()).startswith("_"))


def register() -> None:
    """Let every figure of this notebook carry its alternative text; without effect outside of Jupyter."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell:
        formatter = shell.display_formatter.mimebundle_formatter
        formatter.for_type_by_name("matplotlib.figure", "Figure", _bundle)


def _bundle(figure: Any) -> tuple[dict, dict]:
    """Return no picture, which others make, and what is said about it."""
    return {}, {"image/png": {"alt": alt(figure)}}
