"""What a compiled step is made of: its parts, its shape, and the tensors that enter it."""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from .optimizers import GradientAscent
from .parameterizations import Parameterization
from .penalties import Penalty
from .projections import Projection
from .term import Objective
from .transform_base import Transform

Values = dict[str, tf.Tensor]  # the numbers of one penalty, projection or transform, each (N,)


@dataclass(frozen=True)
class Parts:
    """The objects that a step is made of; what of them is structure, they say themselves."""

    objective: Objective
    penalties: tuple[Penalty, ...]
    projections: tuple[Projection, ...]
    transforms: tuple[Transform, ...]
    optimizer: GradientAscent
    parameterization: Parameterization

    @property
    def structure(self) -> tuple:
        """What the trace depends on."""
        lists = (self.objective.terms, self.penalties, self.projections, self.transforms)
        several = tuple(tuple(part.structure for part in parts) for parts in lists)
        return (*several, self.optimizer.structure, self.parameterization.structure)


@dataclass(frozen=True)
class Shape:
    """How the step is computed: sizes, precision, ReLU rule (see `Backbone.truncate`), compiler."""

    batch: int
    height: int
    width: int
    tile: int | None
    precision: str
    relu: str
    jit: bool


class BatchTensors(NamedTuple):
    """The per-image tensors of one batch; a NamedTuple, because TensorFlow does not look inside a dataclass."""

    units: list[Values]  # per term
    term_weights: tf.Tensor  # (N, terms)
    penalties: list[Values]
    projections: list[Values]
    transforms: list[Values]
    step_size: tf.Tensor  # (N,)
