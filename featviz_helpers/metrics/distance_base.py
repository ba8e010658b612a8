"""What every distance between pictures can do: pairs, matrices, mean distances to sets.

Most of them are squared lengths between two embeddings, which makes the distance to a whole set of pictures as cheap
as one dot product: the mean of |x - e|^2 over the e of a set is |x|^2 - 2 x . mean(e) + mean(|e|^2).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..common.checks import instance
from ..data.images import check_range

BATCH = 16


@dataclass(frozen=True)
class Summary:
    """Sets of pictures as a distance sees them; made by `Distance.summarise`.

    Attributes:
        names: one per set, G of them.
        counts: (G,) pictures in each set.
        data: what the distance keeps of them.
        size: (height, width) of the pictures, in pixels.
        judge: label of the distance.
    """

    names: tuple
    counts: np.ndarray
    data: tuple
    size: tuple[int, int]
    judge: str


class Distance(ABC):
    """How far two pictures are apart; 0 for equal ones.

    Attributes:
        name: short, as in tables and on the command line.
        label: for the axis of a figure; says which network judges.
        min_size: the smallest height and width, in pixels, that it can compare.
    """

    name = "distance"
    label = "distance"
    min_size = 1

    def weights(self) -> dict[str, str]:
        """Return the file of the judging network and its sha256, where there is one, for the record."""
        return {}

    def pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the distance of each picture to its partner.

        Args:
            first, second: (N, H, W, 3) in [-1, 1], of the same shape.

        Returns:
            (N,) float32.

        Raises:
            ValueError: shapes that differ, pictures below `min_size`, values outside [-1, 1] or NaN.
        """
        first, second = self._check(first, "first"), self._check(second, "second")
        if first.shape != second.shape:
            raise ValueError(f"Pairs need two batches of the same shape; got {first.shape} and {second.shape}.")
        steps = range(0, len(first), BATCH)
        return np.concatenate([self._pairs(first[i : i + BATCH], second[i : i + BATCH]) for i in steps])

    def matrix(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the distance of every picture of `first` to every one of `second`: (N, M) float32."""
        return self.to_sets(
            first, self.summarise({i: picture[None] for i, picture in enumerate(self._check(second, "second"))})
        )

    def summarise(self, sets: Mapping[object, np.ndarray]) -> Summary:
        """Prepare sets of pictures, name -> (n, H, W, 3) in [-1, 1], to compare many others with.

        Raises:
            ValueError: no mapping, no set, pictures of two sizes or below `min_size`, values outside [-1, 1] or NaN.
        """
        instance("Sets of pictures", sets, Mapping, "a mapping: name -> pictures (n, H, W, 3)")
        sets = {name: self._check(pictures, f"The pictures of {name!r}") for name, pictures in sets.items()}
        sizes = sorted({tuple(np.shape(pictures)[1:3]) for pictures in sets.values()})
        if len(sizes) != 1:
            given = " and ".join(" x ".join(map(str, size)) for size in sizes) or "no set"
            raise ValueError(f"Sets of pictures of one size can be compared with; got {given}.")
        counts = np.array([len(pictures) for pictures in sets.values()])
        data = [self._summarise(pictures) for pictures in sets.values()]
        return Summary(tuple(sets), counts, tuple(data), sizes[0], self.label)

    def to_sets(self, pictures: np.ndarray, summary: Summary) -> np.ndarray:
        """Return the mean distance of every picture to the members of every set.

        Args:
            pictures: (N, H, W, 3) in [-1, 1], of the size of the sets' pictures.
            summary: from `summarise` of the same distance.

        Returns:
            (N, G) float32.

        Raises:
            ValueError: another size than the sets' pictures, one below `min_size`, values outside [-1, 1] or NaN; sets
                that another distance has summarised.
        """
        pictures = self._check(pictures)
        instance("summary", summary, Summary, "what `summarise` of the same distance returns")
        if pictures.shape[1:3] != summary.size:
            given, wanted = (" x ".join(map(str, size)) for size in (pictures.shape[1:3], summary.size))
            raise ValueError(
                f"The pictures have {given} pixels and those of the sets {wanted}: fv.resize brings them together."
            )
        if summary.judge != self.label:
            raise ValueError(f"These sets were summarised by {summary.judge}; {self.label} has to do that itself.")
        steps = range(0, len(pictures), BATCH)
        return np.concatenate([self._to_sets(pictures[i : i + BATCH], summary) for i in steps])

    def within(self, summary: Summary, sets: Mapping[object, np.ndarray]) -> list[np.ndarray]:
        """Return the mean distance of each member of a set to the OTHER members (leave one out): (n,) for each set.

        Raises:
            ValueError: a set of one picture has no others.
        """
        if alone := [name for name, pictures in sets.items() if len(pictures) < 2]:
            raise ValueError(f"A set needs two pictures or more to be compared with itself; {alone[0]!r} has fewer.")
        columns = {name: column for column, name in enumerate(summary.names)}
        return [
            self.to_sets(pictures, summary)[:, columns[name]] * len(pictures) / (len(pictures) - 1)
            for name, pictures in sets.items()
        ]

    def _check(self, pictures: np.ndarray, name: str = "pictures") -> np.ndarray:
        """Return the pictures as float32, or say why they cannot be compared."""
        pictures = check_range(pictures, name=name)
        height, width = pictures.shape[1:3]
        if min(height, width) < self.min_size:
            raise ValueError(
                f"{self.label} needs at least {self.min_size} pixels on each side, got {height} x {width}: "
                "enlarge the pictures with fv.resize, or use the distance 'pixels'."
            )
        return pictures

    @abstractmethod
    def _pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Distances of at most BATCH pairs of checked pictures."""

    def _summarise(self, pictures: np.ndarray) -> object:
        """What is kept of one set; the pictures themselves, unless something shorter will do."""
        return pictures

    def _to_sets(self, pictures: np.ndarray, summary: Summary) -> np.ndarray:
        return np.array(
            [
                [self._pairs(np.broadcast_to(picture, members.shape), members).mean() for members in summary.data]
                for picture in pictures
            ],
            np.float32,
        )


class EmbeddingDistance(Distance):
    """The squared distance between two embeddings; a subclass defines `embed` alone.

    One that computes on a graphics card overrides `_vectors`, `_stack` and `_numbers` too: embeddings and the means of
    sets then stay there.
    """

    @abstractmethod
    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """Return (N, D) float32 vectors for (N, H, W, 3) pictures in [-1, 1]."""

    def summarise(self, sets: Mapping[object, np.ndarray]) -> Summary:
        summary = super().summarise(sets)
        means, squares = zip(*summary.data, strict=True)
        return replace(summary, data=(self._stack(means), self._stack(squares)))

    def _vectors(self, pictures: np.ndarray) -> Any:
        """Return what `embed` does, where it was computed."""
        return self.embed(pictures)

    def _stack(self, rows: Sequence) -> Any:
        return np.stack(rows)

    def _numbers(self, values: Any) -> np.ndarray:
        return values

    def _pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return self._numbers(((self._vectors(first) - self._vectors(second)) ** 2).sum(1))

    def _summarise(self, pictures: np.ndarray) -> tuple:
        parts = [self._vectors(pictures[i : i + BATCH]) for i in range(0, len(pictures), BATCH)]
        total, squares = sum(part.sum(0) for part in parts), sum((part**2).sum() for part in parts)
        return total / len(pictures), squares / len(pictures)

    def _to_sets(self, pictures: np.ndarray, summary: Summary) -> np.ndarray:
        vectors, (means, squares) = self._vectors(pictures), summary.data
        distances = (vectors**2).sum(1)[:, None] - 2.0 * vectors @ means.T + squares
        return np.maximum(self._numbers(distances), 0.0)
