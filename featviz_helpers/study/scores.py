"""How close pictures come to the data set images that drive a channel, against the images of background channels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from ..data.image_sets import ImageSet
from ..exemplars.scan import scan_request
from ..exemplars.tables import Exemplars
from ..metrics.distance_base import Distance, Summary
from ..models.backbone import Backbone
from . import specificity
from .specificity import JUDGES

WHOLE = -1  # instead of a half


class ExemplarScores:
    """Scores pictures by their distance to the strongest images of their own channel and of all others.

    Args:
        backbone: the network.
        data: the images that `exemplars` were found in.
        exemplars: of the layer.
        distance: between pictures.
        channels: those whose pictures are scored.
        background: number of background channels, other ones drawn evenly from the layer's branches.
        layer: layer name, or "auto".
        size: side in pixels, of the pictures and of the images that they are compared with.
        k: data set images per channel.
        place_free: a second judge, which does not compare place by place.

    Attributes:
        judges: what the columns of each judge begin with -> the judge.
        background: the background channels.
        all_channels: `channels` and then `background`, the columns of `distances`.

    Raises:
        ValueError: a channel that does not exist, more background channels than the layer has, a layer without maps,
            or exemplars of another network or other images.
    """

    def __init__(
        self, backbone: Backbone, data: ImageSet, exemplars: Exemplars, distance: Distance, channels: Sequence[int],
        background: int = 32, layer: str = "auto", size: int = 224, k: int = 9, place_free: Distance | None = None,
    ) -> None:  # fmt: skip
        second = {} if place_free is None else {JUDGES[1]: place_free}
        self.judges: dict[str, Distance] = {JUDGES[0]: distance, **second}
        self.backbone, self.data, self.exemplars, self.distance = backbone, data, exemplars, distance
        self.channels, self.layer, self.size, self.k = list(channels), backbone.resolve(layer), size, k
        backbone.check_channels(self.layer, self.channels)
        if self.layer == backbone.logits:
            raise ValueError("A study needs a layer with maps; class scores have none.")
        self._check_exemplars()
        self.background = draw_background(backbone, exemplars, self.layer, background, avoid=self.channels)
        self.all_channels = [*self.channels, *self.background]

    def _check_exemplars(self) -> None:
        meta = self.exemplars.meta
        expected = scan_request(self.backbone, self.data, list(meta["layers"]), self.k, meta["size"])
        for key in ("weights", "fingerprint", "policy"):
            if expected[key] != meta[key]:
                raise ValueError(
                    f"The exemplars were found with another {key}: {meta[key]}, and here it is {expected[key]}."
                )
        self.exemplars.rows(self.layer, self.channels[0], k=self.k)

    def names(self, channel: int) -> list[str]:
        """Return the names of a channel's top-k images, strongest first."""
        return self.exemplars.top(self.layer, channel, k=self.k)

    def load(self, name: str) -> np.ndarray:
        """Return one image of the data set: (size, size, 3) in [-1, 1]."""
        return self.data.load(self.data.index(name), self.size)

    @cached_property
    def sets(self) -> dict[int, np.ndarray]:
        """Channel -> its top-k images (k, size, size, 3), strongest first."""
        return {channel: np.stack([self.load(name) for name in self.names(channel)]) for channel in self.all_channels}

    @cached_property
    def halves(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Channel -> its 1st, 3rd, ... strongest images and its 2nd, 4th, ...: what is shown and what judges."""
        return {channel: (images[::2], images[1::2]) for channel, images in self.sets.items()}

    @cached_property
    def summary(self) -> Summary:
        """The sets of all channels in the form that the distance needs."""
        return self.distance.summarise(self.sets)

    @cached_property
    def _summaries(self) -> dict[str, Summary]:
        sets = {(channel, half): images for channel, both in self.halves.items() for half, images in enumerate(both)}
        return {judge: distance.summarise(sets) for judge, distance in self.judges.items()}

    def distances(self, images: np.ndarray, halves: Sequence[int] | None = None, judge: str = "") -> np.ndarray:
        """Return the mean distance of every picture to the set of every channel.

        Args:
            images: (N, size, size, 3) in [-1, 1]; NaN for a dead start.
            halves: N numbers: 0 or 1 compares a picture with that half of each set, `WHOLE` with all images, which is
                the default.
            judge: one of `judges`.

        Returns:
            (N, G), a column for each of `all_channels`; NaN for a dead start.
        """
        alive = np.isfinite(images).all(axis=(1, 2, 3))
        halves = np.full(len(images), WHOLE) if halves is None else np.asarray(halves)
        distances = np.full((len(images), len(self.all_channels)), np.nan)
        if alive.any():
            near = self.judges[judge].to_sets(images[alive], self._summaries[judge])
            near = near.reshape(len(near), -1, 2)
            share = (self.k // 2) / self.k
            whole = near[..., 0] * (1 - share) + near[..., 1] * share
            chosen = halves[alive, None]
            distances[alive] = np.where(chosen == WHOLE, whole, np.where(chosen == 0, near[..., 0], near[..., 1]))
        return distances

    def rows(
        self, images: np.ndarray, channels: Sequence[int], activations: np.ndarray, halves: Sequence[int] | None = None
    ) -> pd.DataFrame:
        """Return a row per picture: `score`, `closeness` for the second judge, and the distances to all sets.

        Args:
            images, channels, activations: N pictures; see `distances` and `score`.
            halves: see `distances`.
        """
        matrices = {judge: self.distances(images, halves, judge) for judge in self.judges}
        return self.rows_of(matrices, channels, activations)

    def rows_of(
        self, matrices: dict[str, np.ndarray], channels: Sequence[int], activations: np.ndarray
    ) -> pd.DataFrame:
        """Return `rows`, given the distances (N, G) of every judge."""
        parts = [pd.DataFrame(self.score(matrices[""], channels, activations))]
        for judge, matrix in matrices.items():
            if judge:
                parts.append(pd.DataFrame(self.closeness(matrix, channels)).add_prefix(judge))
            parts.append(specificity.columns(matrix, self.all_channels, judge))
        return pd.concat(parts, axis=1)

    def score(self, distances: np.ndarray, channels: Sequence[int], activations: np.ndarray) -> dict[str, np.ndarray]:
        """Score pictures as those of given channels.

        Args:
            distances: (N, G) from `distances`.
            channels: N of `all_channels`, whose pictures they are.
            activations: (N,), without transforms.

        Returns:
            The columns of `closeness`, activation, and activation_percentile (% of the data set below).
        """
        alive = np.isfinite(distances).any(axis=1)
        percentiles = self._percentiles(channels, activations)
        return self.closeness(distances, channels) | {
            "activation": np.where(alive, activations, np.nan),
            "activation_percentile": np.where(alive, percentiles, np.nan),
        }

    def closeness(self, distances: np.ndarray, channels: Sequence[int]) -> dict[str, np.ndarray]:
        """Return what the distances alone say; see `score` for the arguments.

        Returns:
            Columns exemplar_distance (to its own channel's top-k), other_distance (to all other sets),
            others_minus_own (their difference, which also holds how ordinary its own set is; see `specificity`) and
            rank (of its own set, 1 is the closest).
        """
        own_column = np.array([self.all_channels.index(channel) for channel in channels])
        own = distances[np.arange(len(distances)), own_column]
        is_own = own_column[:, None] == np.arange(len(self.all_channels))
        others = np.where(is_own, np.nan, distances)
        known = np.isfinite(others).sum(axis=1)
        mean = np.divide(np.nansum(others, axis=1), known, out=np.full(len(own), np.nan), where=known > 0)
        columns = {
            "exemplar_distance": own,
            "other_distance": mean,
            "others_minus_own": mean - own,
            "rank": (others < own[:, None]).sum(axis=1) + 1.0,
        }
        return {name: np.where(np.isfinite(own), values, np.nan) for name, values in columns.items()}

    def _percentiles(self, channels: Sequence[int], activations: np.ndarray) -> np.ndarray:
        return np.array(
            [
                self.exemplars.percentile(self.layer, channel, value) if np.isfinite(value) else np.nan
                for channel, value in zip(channels, activations, strict=True)
            ]
        )


def branches(backbone: Backbone, layer: str) -> list[range]:
    """Return the channel numbers of each branch that a concatenation joins; one range for any other layer."""
    inputs = backbone.model.get_layer(backbone.resolve(layer)).input
    widths = [tensor.shape[-1] for tensor in inputs] if isinstance(inputs, list) else [backbone.layers[layer]]
    ends = np.cumsum(widths)
    return [range(end - width, end) for width, end in zip(widths, ends, strict=True)]


def draw_background(
    backbone: Backbone, exemplars: Exemplars, layer: str, count: int, avoid: Sequence[int] = (), seed: int = 0
) -> list[int]:
    """Draw channels that are active on the data set, as evenly as possible from the branches of a layer.

    Raises:
        ValueError: the layer has too few of them.
    """
    table = exemplars.table
    first = table[(table["layer"] == layer) & (table["pooling"] == "max") & (table["rank"] == 1)]
    active = set(first.loc[first["activation"] > 0, "channel"]) - set(avoid)
    generator = np.random.default_rng(seed)
    queues = [
        [n for n in generator.permutation(list(branch)).tolist() if n in active] for branch in branches(backbone, layer)
    ]
    if sum(map(len, queues)) < count:
        raise ValueError(
            f"{count} background channels were requested; apart from the study's own, '{layer}' has "
            f"{sum(map(len, queues))} that are active on the data set. Take fewer."
        )
    turns = [queue[i] for i in range(max(map(len, queues))) for queue in queues if i < len(queue)]
    return sorted(turns[:count])
