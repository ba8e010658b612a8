"""How close pictures come to the data set images that drive a channel, against the images of background channels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..data.image_sets import ImageSet
from ..exemplars.scan import scan_request
from ..exemplars.tables import Exemplars
from ..metrics.distance_base import Distance, Summary
from ..models.backbone import Backbone


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

    Attributes:
        background: the background channels.
        all_channels: `channels` and then `background`, the columns of `distances`.

    Raises:
        ValueError: a channel that does not exist, more background channels than the layer has, a layer without maps,
            or exemplars of another network or other images.
    """

    def __init__(
        self, backbone: Backbone, data: ImageSet, exemplars: Exemplars, distance: Distance, channels: Sequence[int],
        background: int = 32, layer: str = "auto", size: int = 224, k: int = 9,
    ) -> None:  # fmt: skip
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
    def summary(self) -> Summary:
        """The sets of all channels in the form that the distance needs."""
        return self.distance.summarise(self.sets)

    def distances(self, images: np.ndarray) -> np.ndarray:
        """Return the mean distance of every picture to the set of every channel.

        Args:
            images: (N, size, size, 3) in [-1, 1]; NaN for a dead start.

        Returns:
            (N, G), a column for each of `all_channels`; NaN for a dead start.
        """
        alive = np.isfinite(images).all(axis=(1, 2, 3))
        distances = np.full((len(images), len(self.all_channels)), np.nan)
        if alive.any():
            distances[alive] = self.distance.to_sets(images[alive], self.summary)
        return distances

    def score(self, distances: np.ndarray, channels: Sequence[int], activations: np.ndarray) -> dict[str, np.ndarray]:
        """Score pictures as those of given channels.

        Args:
            distances: (N, G) from `distances`.
            channels: N of `all_channels`, whose pictures they are.
            activations: (N,), without transforms.

        Returns:
            Columns exemplar_distance (to its own channel's top-k), other_distance (to all other sets), specificity
            (other minus own; above 0 is closer to its own), rank (of its own set, 1 is the closest), auc (share of the
            other sets that are farther; 0.5 is chance), activation, activation_percentile (% of the data set below).
        """
        own_column = np.array([self.all_channels.index(channel) for channel in channels])
        own = distances[np.arange(len(distances)), own_column]
        is_own = own_column[:, None] == np.arange(len(self.all_channels))
        others, count = np.where(is_own, np.nan, distances), len(self.all_channels) - 1
        mean = np.nansum(others, axis=1) / count
        closer, ties = (others < own[:, None]).sum(axis=1), (others == own[:, None]).sum(axis=1)
        columns = {
            "exemplar_distance": own,
            "other_distance": mean,
            "specificity": mean - own,
            "rank": closer + 1.0,
            "auc": 1.0 - (closer + ties / 2) / count,
            "activation": activations,
            "activation_percentile": self._percentiles(channels, activations),
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
