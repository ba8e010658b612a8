"""The arguments of `maximize`, validated and laid out: how many images, which sizes, which tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf

from ..common.checks import MOST_STEPS, choice, flag, shown, whole_number, whole_numbers
from ..common.memory import pixels_at_once
from ..data.images import check_range
from ..data.sizes import LARGEST, fit_at_once, pair
from ..models.backbone import Backbone
from ..models.precision import settled
from . import kinds
from .octaves import Octaves
from .optimizers import GradientAscent
from .parameterizations import Parameterization
from .penalties import Penalty
from .per_image import PerImage
from .projections import Projection
from .step import Compiled, compiled
from .structure import BatchTensors, Parts, Shape
from .term import Objective
from .transform_base import Transform

DARK_STEPS = 4  # without any gradient: then there is nothing to climb
RANGES = {"steps": (1, MOST_STEPS), "redirect": (0, MOST_STEPS), "tile": (32, LARGEST), "batch": (1, 100_000)}


@dataclass
class Arguments:
    """One call of `maximize`; the fields are its arguments, checked before anything compiles.

    Attributes:
        count: number of images.
        sizes: per image, (height, width) of every octave, smallest first.
        seeds, keys, names: per image: seed, key of its random streams, what it climbs in words.
    """

    backbone: Backbone
    objective: Objective
    penalties: Sequence[Penalty]
    projections: Sequence[Projection]
    transforms: Sequence[Transform]
    parameterization: Parameterization
    optimizer: GradientAscent
    octaves: Octaves | None
    tile: int | None
    start: np.ndarray | None
    steps: int
    size: int | tuple[int, int]
    seed: int | Sequence[int]
    snapshots: Sequence[int]
    redirect: int
    dead: str
    precision: str
    jit: bool
    batch: int | None
    progress: bool

    def __post_init__(self) -> None:
        for name in kinds.ONE:
            kinds.one(name, getattr(self, name))
        for name in kinds.SEVERAL:
            setattr(self, name, kinds.several(name, getattr(self, name)))
        kinds.octaves(self.octaves)
        for name, limits in RANGES.items():
            value = getattr(self, name)
            absent = value is None and name in ("tile", "batch")
            setattr(self, name, None if absent else whole_number(name, value, *limits))
        for name in ("jit", "progress"):
            setattr(self, name, flag(name, getattr(self, name)))
        none = self.snapshots is None or (
            isinstance(self.snapshots, list | tuple | np.ndarray) and not len(self.snapshots)
        )
        self.snapshots = [] if none else sorted(set(whole_numbers("snapshots", self.snapshots)))
        self.transforms = [part for transform in self.transforms for part in transform.parts]
        octaves = [] if self.octaves is None else [self.octaves]
        self.plugs: list[PerImage] = [
            *self.penalties,
            *self.projections,
            *self.transforms,
            *octaves,
            self.optimizer,
        ]
        self.start = None if self.start is None else _images(self.start)
        self.precision = settled(self.precision, climbed=self.backbone.model)
        self._lay_out()
        self._check()

    def _lay_out(self) -> None:
        """Give every image its units, its seed and its sizes."""
        objective = self.objective.resolve(self.backbone)
        seeds = whole_numbers("seed", self.seed, -(2**63), 2**63 - 1)
        self.count = self._common_count(objective, len(seeds))
        self.objective = objective.broadcast(self.count)
        self.seeds = np.broadcast_to(seeds, self.count).tolist()
        self.keys, self.names = self.objective.keys(), self.objective.names()
        full = pair(self.size) if self.start is None else self.start.shape[1:3]
        fit_at_once("The number of images", self.count, *full)
        octaves = self.octaves or Octaves(1)
        self.sizes = [octaves.sizes(full[0], full[1], image) for image in range(self.count)]

    def _common_count(self, objective: Objective, seeds: int) -> int:
        counts = [(plug.name, plug.count) for plug in self.plugs] + [("seed", seeds)]
        counts += [("objective", len(array)) for term in objective.terms for array in term.arrays]
        counts.append(("start", 1 if self.start is None else len(self.start)))
        several = sorted({(name, number) for name, number in counts if number > 1})
        if len({number for _, number in several}) > 1:
            lengths = ", ".join(f"{name} {number}" for name, number in several)
            raise ValueError(
                f"Lists of different lengths: {lengths}. Give each one entry per image, or a single number for all."
            )
        return max(number for _, number in counts)

    def _check(self) -> None:
        choice("dead", self.dead, ("raise", "mark"))
        last = self.steps * min(len(sizes) for sizes in self.sizes)
        wrong = [moment for moment in self.snapshots if not 0 <= moment <= last]
        if wrong:
            raise ValueError(f"snapshots lie between 0 and the last step, {last}; got {shown(wrong)}.")
        whole_number("steps of all octaves", self.steps * max(map(len, self.sizes)), 1, MOST_STEPS)
        self._check_sizes()
        self._check_way_back()
        self._check_coupling()

    def _check_sizes(self) -> None:
        placed = [term.label(0) for term in self.objective.terms if term.has_place and self.tile]
        if placed:
            raise ValueError(
                f"tile: {placed[0]} has its place in the whole image, and not in each tile. Leave tile out."
            )
        every = {size for sizes in self.sizes for size in sizes}
        # Tiles are made equal, so they may be little more than half as large as asked.
        extents = [[-(-side // -(-side // (self.tile or side))) for side in size] for size in every]
        self.objective.check_size(self.backbone, min(extents, key=min))
        for transform in self.transforms:
            transform.check(*min(every, key=min))

    def _check_way_back(self) -> None:
        """Refuse what needs parameters from an image where the parameterization has none."""
        several = max(len(sizes) for sizes in self.sizes) > 1
        if (several or self.projections or self.start is not None) and not self.parameterization.encodes:
            self.parameterization.encode(tf.zeros([1, *self.sizes[0][-1], 3]))  # says it in its own words

    def _check_coupling(self) -> None:
        """Refuse to split a batch whose images depend on each other."""
        if not self.couples:
            return
        if len({tuple(sizes) for sizes in self.sizes}) > 1 or (self.batch or self.count) < self.count:
            raise ValueError(
                f"The images of this call depend on each other, so all {self.count} are climbed as one batch. "
                "Give them the same sizes, and leave `batch` out."
            )

    @property
    def couples(self) -> bool:
        """Whether an image depends on the others of its batch."""
        return self.objective.couples or self.parameterization.couples

    @property
    def settled(self) -> int:
        """Number of steps of an octave after which it is known whether the start was dead."""
        return min(self.redirect + DARK_STEPS, self.steps)

    @property
    def detail(self) -> bool:
        """Whether each octave gets back the detail of the start images that the small version lost."""
        return self.octaves is not None and self.octaves.detail

    @property
    def image_steps(self) -> int:
        """Steps of all images at all sizes."""
        return self.steps * sum(len(sizes) for sizes in self.sizes)

    def batches(self) -> Iterator[tuple[np.ndarray, int]]:
        """Yield the images of each batch, all of the same sizes, and how many of them count."""
        height, width = self.sizes[0][-1]
        most = self.batch or max(1, pixels_at_once() // (height * width))
        for sizes in dict.fromkeys(map(tuple, self.sizes)):
            group = np.flatnonzero([tuple(own) == sizes for own in self.sizes])
            size = len(group) if self.couples else min(len(group), most)
            for first in range(0, len(group), size):
                # The last batch is filled up with repeats, so that it has the size that is already compiled.
                index = group[np.minimum(np.arange(first, first + size), len(group) - 1)]
                yield index, min(size, len(group) - first)

    def starts(self, index: np.ndarray) -> np.ndarray | None:
        """Return the given start images of the images `index`, or None."""
        if self.start is None:
            return None
        return np.broadcast_to(self.start, (self.count, *self.start.shape[1:]))[index]

    def numbers(self, index: np.ndarray) -> BatchTensors:
        """Return the per-image tensors of the images `index`."""

        def rows(plug: PerImage) -> dict[str, tf.Tensor]:
            return {k: tf.constant(np.broadcast_to(v, self.count)[index]) for k, v in plug.values.items()}

        terms = self.objective.terms
        return BatchTensors(
            units=[{k: tf.constant(v[index]) for k, v in term.units.items()} for term in terms],
            term_weights=tf.constant(np.stack([term.weight[index] for term in terms], axis=1)),
            penalties=[rows(plug) for plug in self.penalties],
            projections=[rows(plug) for plug in self.projections],
            transforms=[rows(plug) for plug in self.transforms],
            step_size=rows(self.optimizer)["step_size"],
        )

    @cached_property
    def parts(self) -> Parts:
        """The objects that the compiled step is made of."""
        return Parts(
            self.objective,
            tuple(self.penalties),
            tuple(self.projections),
            tuple(self.transforms),
            self.optimizer,
            self.parameterization,
        )

    def loop(self, batch: int, size: tuple[int, int], done: int) -> Compiled:
        """Return the compiled loop for one batch and image size, `done` steps into it."""
        relu = "redirected" if done < self.redirect else "plain"
        shape = Shape(batch, *size, tile=self.tile, precision=self.precision, relu=relu, jit=self.jit)
        return compiled(self.backbone, self.parts, shape)

    def describe(self) -> dict:
        """Return the call as plain values, for records."""
        return {
            "model": self.backbone.name,
            "objective": self.names,
            "seed": self.seeds,
            "steps": self.steps,
            "size": list(self.sizes[0][-1]),
            "start": "noise" if self.start is None else "images",
            "parameterization": self.parameterization.describe(),
            "plugs": [plug.describe() for plug in self.plugs],
            "tile": self.tile,
            "redirect": self.redirect,
            "precision": self.precision,
            "jit": self.jit,
        }


def _images(start: np.ndarray) -> np.ndarray:
    one = isinstance(start, np.ndarray) and start.ndim == 3
    return check_range(start[None] if one else start, name="start")
