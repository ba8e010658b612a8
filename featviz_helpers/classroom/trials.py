"""Hand-ins whose points are known beforehand: the reference, nothing, typical mistakes, and attempts to cheat."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import evaluation, regularisers
from .given import given
from .keys import channels
from .network import activations
from .variants import Variant

Answers = dict[str, np.ndarray | str]
Change = Callable[[Variant, Answers], Answers]
STUDENT, OTHER = "check", "somebody else"


@dataclass(frozen=True)
class Trial:
    """One hand-in.

    Attributes:
        name: what is wrong with it.
        lost: points that it must lose against the reference: the fewest and the most.
        change: variant and the reference's answers -> what is handed in.
    """

    name: str
    lost: tuple[float, float]
    change: Change


def one(name: str, question: str, lost: float | tuple[float, float], make: Change | Callable) -> Trial:
    """Return a trial in which a single answer is another one; `make` takes the variant and the right answer."""
    between = lost if isinstance(lost, tuple) else (lost, lost)
    return Trial(name, between, lambda variant, right: {**right, question: make(variant, right[question])})


def _normed(images: np.ndarray, gradients: np.ndarray, clip: bool, axes: tuple[int, ...] | None) -> np.ndarray:
    moved = images + 0.1 * gradients / gradients.std(axis=axes, keepdims=True)
    return np.clip(moved, -1, 1) if clip else moved


def _noise(variant: Variant, _: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


def _grey(variant: Variant, _: np.ndarray) -> np.ndarray:
    return np.full((64, 64, 3), 128, np.uint8)


def _climbed(channel: int) -> np.ndarray:
    from ..ascent.maximize import maximize
    from ..ascent.objectives import channel as of_channel
    from ..data.images import to_uint8
    from .keys import LAYER
    from .network import network

    return to_uint8(maximize(network(), of_channel(LAYER, channel), steps=64, size=64, progress=False).images)[0]


def _neighbours_picture(variant: Variant, _: np.ndarray) -> np.ndarray:
    return _climbed(next(channel for channel in channels() if channel != variant.channel))


def _best_drawing(variant: Variant, _: np.ndarray) -> np.ndarray:
    from ..data import shapes
    from ..data.images import to_uint8

    drawn = shapes.draw(800, seed=1).images
    return to_uint8(drawn[activations(drawn)[:, variant.channel].argmax()])


def _step(clip: bool, axes: tuple[int, ...] | None) -> Callable:
    return lambda v, _: _normed(given(v)["images"], given(v)["gradients"], clip, axes)


def _everything(make: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda _, right: {n: a if isinstance(a, str) else make(a) for n, a in right.items()}


COMMON = (
    Trial("the reference", (0, 0), lambda _, right: dict(right)),
    Trial("nothing", (90, 90), lambda *_: {}),
    Trial("a text for every answer", (90, 90), lambda _, right: dict.fromkeys(right, "right")),
    Trial("infinities", (75, 90), _everything(lambda a: np.full(a.shape, np.inf))),
    Trial("zeros of the right shape", (75, 90), _everything(np.zeros_like)),
    Trial("points of its own, and no answers", (90, 90), lambda *_: {"points": np.array(100.0)}),
)  # fmt: skip
TRIALS: Mapping[str, tuple[Trial, ...]] = {
    "dreams": (
        one("pixels leave [-1, 1]", "ascent_step", 8, _step(False, (1, 2, 3))),
        one("one deviation for all", "ascent_step", 10, _step(True, None)),
        one("octaves the wrong way round", "octave_sizes", 5, lambda _, a: a[:, ::-1]),
        one("the drawing as it was given", "octave_loop", 20, lambda v, _: given(v)["photo"]),
        one("a picture of noise", "picture", 30, _noise),
        one("another channel's picture", "picture", (24, 30), _neighbours_picture),
        one("the best drawing of the data set", "picture", (16, 30), _best_drawing),
        one("pixels far above white", "picture", 30, lambda _, a: 100.0 * a),
        one("a kind that is none", "kind", 10, lambda *_: "all of them"),
    ),
    "regularisers": (
        one("no neighbours across the border", "total_variation", 6,
            lambda v, _: regularisers.total(given(v)["images"], wrap=False)),
        one("a sum for a mean", "total_variation", 6, lambda _, a: 192 * a),
        one("the gradient's sign", "tv_gradient", 7.5, lambda _, a: -a),
        one("the step for the distance", "slopes", 5, lambda _, a: 2 * a),
        one("all candidates are right", "suspects", (7.5, 10), lambda _, a: np.ones_like(a)),
        one("nothing moved", "jitter", 10, lambda v, _: given(v)["images"]),
        one("a grey picture", "picture", 30, _grey),
        one("a plain ascent", "picture", (25, 30), lambda v, _: _climbed(v.channel)),
        one("another channel's picture", "picture", (15, 30), _neighbours_picture),
    ),
    "evaluation": (
        one("ascending order", "top_values", 5, lambda _, a: a[:, ::-1]),
        one("places in the batch", "top_images", (7, 15), lambda _, a: a % 64),
        one("the later of two equals", "top_images", 4.5,
            lambda v, _: evaluation.best(given(v)["activations"], latest=True)),
        one("the diagonal is counted", "natural_ceiling", 7.5, lambda _, a: a * 8 / 9),
        one("farther than grey", "beats_grey", 7.5, lambda _, a: 1 - a),
        one("others minus own", "specificity", 7,
            lambda v, _: np.array([(m.sum() - np.trace(m)) / 42 - np.trace(m) / 7 for m in given(v)["matrices"]])),
        one("a p of 0", "p_values", 6, lambda _, a: np.where(a == a.min(), 0.0, a)),
        one("two-sided", "p_values", (10, 15),
            lambda v, _: evaluation.exact_p(given(v)["matrices"], two_sided=True)),
        one("no correction", "holm", 8, lambda v, _: (given(v)["p"] <= 0.05).astype(int)),
        one("Bonferroni", "holm", 4, lambda v, _: (given(v)["p"] <= 0.05 / 6).astype(int)),
    ),
}  # fmt: skip


class _AlwaysEqual:
    """What once passed for every right answer in a check that runs beside the student's code."""

    def __eq__(self, _: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def write_pickle(path: Path) -> None:
    """Write answers with objects in them, which numpy reads by running what they say."""
    np.savez(path, assignment=np.array("dreams"), student=np.array(STUDENT), picture=np.array([_AlwaysEqual()], object))


def write_bomb(path: Path) -> None:
    """Write a file of half a megabyte that claims to be, and unpacks to, 500 MB."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (500_000_000,)})
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
        packed.open("picture.npy", "w", force_zip64=True) as file,
    ):
        file.write(head.getvalue())
        for _ in range(50):
            file.write(bytes(10_000_000))


FILES: Mapping[str, Callable[[Path], None]] = {
    "an object that equals everything": write_pickle,
    "a zip bomb of 500 MB": write_bomb,
    "a damaged file": lambda path: path.write_bytes(b"PK\x03\x04 and no more"),
    "an empty file": lambda path: path.write_bytes(b""),
}
