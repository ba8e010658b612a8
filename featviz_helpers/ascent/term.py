"""What an ascent climbs: sums of weighted terms, each one number per image, read off one layer.

`+`, `-` and scalar `*` act on the list of terms. Because the algebra is linear all the way, the gradient of
`2 * A + 3 * B` is two times that of A plus three times that of B, exactly.
"""

from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import tensorflow as tf

from ..common.checks import instance
from ..common.checks import numbers as finite_numbers
from ..common.random_streams import image_key

if TYPE_CHECKING:
    from ..models.backbone import Backbone


class Objective:
    """A sum of terms, combined with `+`, `-` and scalar `*`.

    Args:
        terms: the terms; each is an objective by itself, so most objectives are never built by hand.
    """

    __array_ufunc__ = None  # or an array times an objective would be an array of objectives

    def __init__(self, *terms: Term) -> None:
        self._terms = terms

    @property
    def terms(self) -> tuple[Term, ...]:
        """The weighted terms, in the order in which they were added."""
        return self._terms

    def __add__(self, other: Objective) -> Objective:
        return Objective(*self.terms, *_summand(other).terms)

    def __mul__(self, factor: float | Sequence[float]) -> Objective:
        if isinstance(factor, Objective):
            raise ValueError("Two objectives cannot be multiplied: objectives add, subtract and scale by numbers.")
        numbers = np.asarray(finite_numbers("The factor of an objective", factor), np.float32)
        for term in self.terms:
            if len({len(numbers), len(term.weight)} - {1}) > 1:
                raise ValueError(
                    f"An objective with {len(term.weight)} weights cannot be scaled by {len(numbers)} numbers."
                )
        return Objective(*(term.replace(weight=term.weight * numbers) for term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1.0

    def __sub__(self, other: Objective) -> Objective:
        return self + -_summand(other)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that are read, each once, in order of appearance."""
        return tuple(dict.fromkeys(term.layer for term in self.terms))

    @property
    def count(self) -> int:
        """Number of images; 1 fits any number."""
        return max(len(array) for term in self.terms for array in term.arrays)

    @property
    def couples(self) -> bool:
        """Whether the value of one image depends on the others of its batch."""
        return any(term.couples for term in self.terms)

    def resolve(self, backbone: Backbone) -> Objective:
        """Replace layer names such as "auto" by real ones and check every unit against the network.

        Raises:
            ValueError: a layer or a unit that the network does not have.
        """
        terms = [term.replace(layer=backbone.resolve(term.layer)) for term in self.terms]
        for term in terms:
            term.check(backbone)
        return Objective(*terms)

    def check_size(self, backbone: Backbone, size: Sequence[int]) -> None:
        """Raise ValueError when images of (height, width) `size` do not fit the layers or what is asked of them."""
        backbone.check_size(size, *self.layers)
        for term in self.terms:
            term.check_images(backbone, size)

    def broadcast(self, count: int) -> Objective:
        """Return the same objective with one row per image in every array.

        Raises:
            ValueError: a list with neither one entry nor one per image.
        """
        wrong = sorted({len(array) for term in self.terms for array in term.arrays} - {1, count})
        if wrong:
            raise ValueError(
                f"An objective with lists of {' and '.join(map(str, wrong))} entries does not fit {count} images: give "
                "one entry per image, or a single number for all."
            )
        return Objective(*(term.spread(count) for term in self.terms))

    def values(self, outputs: dict[str, tf.Tensor], units: Sequence[dict[str, tf.Tensor]]) -> tf.Tensor:
        """Compute every term, unweighted.

        Args:
            outputs: layer name -> activation (N, h, w, C) or (N, C).
            units: per term, its units as tensors.

        Returns:
            (N, terms) float32.
        """
        columns = [
            term.value(tf.cast(outputs[term.layer], tf.float32), own)
            for term, own in zip(self.terms, units, strict=True)
        ]
        return tf.stack(columns, axis=1)

    def names(self) -> list[str]:
        """Return one readable name per image."""
        terms = self.broadcast(self.count).terms

        def sign(weight: float, first: bool) -> str:
            number = "" if abs(weight) == 1 else f"{abs(weight):g} "
            return ("-" if weight < 0 else "" if first else "+") + ("" if first else " ") + number

        return [
            " ".join(sign(term.weight[i], first=not k) + term.label(i) for k, term in enumerate(terms))
            for i in range(self.count)
        ]

    def keys(self) -> list[int]:
        """Return one image key per image: the same units give the same start and draws in any batch."""
        terms = self.broadcast(self.count).terms
        return [image_key(*(term.key(image) for term in terms)) for image in range(self.count)]


class Term(Objective, ABC):
    """One number per image, read off one layer: the smallest objective. Subclass it and define `value`.

    Args:
        layer: layer name, "auto" or "logits".
        units: arrays with one entry, or one entry per image, along the first axis. They enter the compiled step as
            tensors, so they may change from image to image and from call to call without a new trace.

    Attributes:
        weight: (n,) float32, 1 unless the term was scaled.
        kind: what names and random streams call this kind of term; the class's name unless it says otherwise.
            Another kind draws other numbers, so changing it changes pictures.
        is_sum: True where the value adds up over the layer. With tiles, sums are added and everything else is
            averaged; in half precision, sums are not scaled up.
        has_place: True where the value is read off at a place of the whole image, which no tile has.
        couples: True where the value of an image depends on the other images of its batch, which is then neither
            split nor padded.
        static: what else changes the computation itself, hashable; terms of one class that differ in it are compiled
            apart.
    """

    kind: ClassVar[str]
    is_sum: ClassVar[bool] = False
    has_place: ClassVar[bool] = False
    couples: bool = False
    static: tuple = ()

    def __init_subclass__(cls) -> None:
        cls.kind = cls.__dict__.get("kind", cls.__name__)

    def __init__(self, layer: str, **units: np.ndarray) -> None:
        self.layer = layer
        self.weight = np.ones(1, np.float32)
        self.units = {name: np.asarray(values) for name, values in units.items()}

    @abstractmethod
    def value(self, activation: tf.Tensor, units: dict[str, tf.Tensor]) -> tf.Tensor:
        """Return the term's value for every image, unweighted.

        Args:
            activation: (N, h, w, C) or, of a layer without a map, (N, C); float32.
            units: this term's units, one row per image.

        Returns:
            (N,).
        """

    def check(self, backbone: Backbone) -> None:
        """Raise ValueError when a unit does not exist in the layer, whose name is resolved by now."""

    def check_images(self, backbone: Backbone, size: Sequence[int]) -> None:
        """Raise ValueError when what is asked does not fit images of (height, width) `size`."""

    def spread(self, count: int) -> Term:
        """Return the term with one row per image in every array."""

        def rows(values: np.ndarray) -> np.ndarray:
            return np.broadcast_to(values, (count, *values.shape[1:])).copy()

        return self.replace(weight=rows(self.weight), units={name: rows(own) for name, own in self.units.items()})

    def label(self, image: int) -> str:
        """Return a short name of what one image climbs, such as `mixed6:62`."""
        return f"{self.kind} {self.layer}"

    @property
    def terms(self) -> tuple[Term, ...]:
        """The term itself."""
        return (self,)

    @property
    def arrays(self) -> list[np.ndarray]:
        """Everything that may differ from image to image."""
        return [self.weight, *self.units.values()]

    @property
    def structure(self) -> tuple:
        """What the compiled step depends on; everything else may change without a new trace."""
        units = tuple((name, values.shape[1:], values.dtype.str) for name, values in sorted(self.units.items()))
        return (type(self), self.layer, self.static, units)

    def replace(self, **changes: object) -> Term:
        """Return a copy with other attributes."""
        changed = copy.copy(self)
        vars(changed).update(changes)
        return changed

    def key(self, image: int) -> tuple:
        """Return what the random streams of one image depend on: kind and units, not layer or weight."""
        return (self.kind, [(name, _stable(values[image])) for name, values in sorted(self.units.items())])


def _summand(other: object) -> Objective:
    return instance("What is added to an objective or taken from it", other, Objective, "an objective")


def _stable(entry: np.ndarray) -> object:
    """Plain numbers, or the digest of what would be long to print."""
    entry = np.asarray(entry)
    return entry.tolist() if entry.ndim < 2 else hashlib.sha256(entry.tobytes()).hexdigest()
