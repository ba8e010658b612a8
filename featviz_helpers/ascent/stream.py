"""An ascent that is taken a few steps at a time, so that somebody can watch it, stop it and change its settings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..common.checks import MOST_STEPS, whole_number
from ..common.memory import enough_memory
from ..models.backbone import Backbone
from .arguments import Arguments
from .climb import Climb
from .optimizers import Adam, GradientAscent
from .parameterizations import Parameterization, Pixels
from .penalties import Penalty
from .step import CHUNK
from .term import Objective
from .transform_base import Transform


class Stream:
    """One picture on its way up.

    With the same settings in every call it is the picture of `maximize`, bit for bit. The numbers of penalties,
    transforms and step size may change between two calls without another trace. Other kinds of penalties or
    transforms cost a trace; another kind of optimizer, which would find the old one's means, needs another stream.

    Args:
        backbone: the network.
        objective: what to climb, for one image.
        size: side, or (height, width), in pixels.
        seed: of the start and of the draws.
        parameterization: `Pixels()` by default.

    Attributes:
        done: steps taken.
        image: (H, W, 3) in [-1, 1], None before the first step.
        activation: value of the objective on it, without transforms or penalties.
    """

    def __init__(
        self,
        backbone: Backbone,
        objective: Objective,
        *,
        size: int | tuple[int, int],
        seed: int = 0,
        parameterization: Parameterization | None = None,
    ) -> None:
        self.backbone, self.objective, self.size, self.seed = backbone, objective, size, seed
        self.parameterization = Pixels() if parameterization is None else parameterization
        self.done, self.activation = 0, float("nan")
        self.image: np.ndarray | None = None
        self._parameters: tf.Tensor | None = None
        self._slots: tuple[tf.Tensor, ...] = ()
        self._dead: np.ndarray | None = None
        self._optimizer: type[GradientAscent] | None = None

    def take(
        self,
        steps: int,
        *,
        penalties: Sequence[Penalty] = (),
        transforms: Sequence[Transform] = (),
        optimizer: GradientAscent | None = None,
    ) -> np.ndarray:
        """Take some steps from where the picture stands, and return it.

        Args:
            steps: 1 to 64.
            penalties, transforms, optimizer: as for `maximize`.

        Raises:
            ValueError: numbers that do not fit each other, the image or the network; more than one image; another
                kind of optimizer than before.
            DeadStart: no gradient at the start.
            NotFinite: NaN or infinity; the picture stays what it was.
        """
        steps = whole_number("steps", steps, 1, CHUNK, "Take them in several calls.")
        optimizer = Adam() if optimizer is None else optimizer
        before = self._optimizer or type(optimizer)
        if type(optimizer) is not before:
            raise ValueError(
                f"A stream keeps the kind of optimizer that it began with, {before.__name__}; got "
                f"{type(optimizer).__name__}. Begin another fv.Stream."
            )
        climb = self._climb(penalties, transforms, optimizer)
        size = climb.sizes[-1]
        if self._parameters is None:
            self._parameters = climb.start(0, np.zeros(0, np.float32))
            self._slots = climb.slots(self._parameters, size)
        control = (climb.draws(self.done, steps), self.done, steps)
        call = (self._parameters, self._slots, climb.numbers, *map(tf.constant, control))
        with enough_memory(1, size):
            loop = climb.arguments.loop(1, size, self.done)
            parameters, slots, history = loop(*call)
            images = self.parameterization.decode(parameters, *size)
            terms = loop.step.terms(images, climb.numbers.units).numpy()[0]
        rows = history.numpy()[:steps, :1]
        climb.check_finite(rows, self.done)
        climb.check_start(rows, 0, self.done)
        self._parameters, self._slots, self._dead, self.done = parameters, slots, climb.dead, self.done + steps
        self._optimizer = before
        weights = np.array([term.weight[0] for term in climb.arguments.objective.terms])
        self.activation = float((terms * weights).sum())
        image: np.ndarray = images.numpy()[0]
        self.image = image
        return image

    def _climb(self, penalties: Sequence[Penalty], transforms: Sequence[Transform], optimizer: GradientAscent) -> Climb:
        """Check what was given; how many steps there will be is not known, so that many are allowed."""
        arguments = Arguments(
            backbone=self.backbone,
            objective=self.objective,
            penalties=penalties,
            projections=(),
            transforms=transforms,
            parameterization=self.parameterization,
            optimizer=optimizer,
            octaves=None,
            tile=None,
            start=None,
            steps=MOST_STEPS,
            size=self.size,
            seed=self.seed,
            snapshots=(),
            redirect=0,
            dead="raise",
            precision="float32",
            jit=False,
            batch=None,
            progress=False,
        )
        if arguments.count > 1:
            raise ValueError(f"A stream climbs one image, and this asks for {arguments.count}: use fv.maximize.")
        climb = Climb(arguments, np.array([0]), 1)
        climb.dead = climb.dead if self._dead is None else self._dead
        return climb
