"""Distances between pictures: LPIPS and its relatives, SSIM, plain pixels.

Most of them are squared lengths between two embeddings, which makes the distance to a whole set of pictures as cheap
as one dot product: the mean of |x - e|^2 over the e of a set is |x|^2 - 2 x . mean(e) + mean(|e|^2).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .errors import nearest
from .images import check_range

BATCH = 16


@dataclass(frozen=True)
class Summary:
    """Named sets of pictures as a distance sees them; made by `Distance.summarise`.

    Attributes:
        names: one per set, G of them.
        counts: (G,) pictures in each set.
        data: what the distance keeps of them.
    """

    names: tuple
    counts: np.ndarray
    data: tuple


class Distance(ABC):
    """How far two pictures are apart; 0 for equal ones.

    Attributes:
        name: short, as in tables and on the command line.
        label: for the axis of a figure; says which network judges.
    """

    name = "distance"
    label = "distance"

    def pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the distance of each picture to its partner.

        Args:
            first, second: (N, H, W, 3) in [-1, 1], of the same shape.

        Returns:
            (N,) float32.

        Raises:
            ValueError: shapes that differ, values outside [-1, 1] or NaN.
        """
        first, second = check_range(first), check_range(second)
        if first.shape != second.shape:
            raise ValueError(f"Pairs need two batches of the same shape; got {first.shape} and {second.shape}.")
        steps = range(0, len(first), BATCH)
        return np.concatenate([self._pairs(first[i : i + BATCH], second[i : i + BATCH]) for i in steps])

    def matrix(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return the distance of every picture of `first` to every one of `second`: (N, M) float32."""
        return self.to_sets(first, self.summarise({i: picture[None] for i, picture in enumerate(second)}))

    def summarise(self, sets: Mapping[object, np.ndarray]) -> Summary:
        """Prepare sets of pictures (n, H, W, 3) in [-1, 1] that many others will be compared with."""
        counts = np.array([len(pictures) for pictures in sets.values()])
        kept = [self._keep(check_range(pictures)) for pictures in sets.values()]
        return Summary(tuple(sets), counts, tuple(kept))

    def to_sets(self, pictures: np.ndarray, summary: Summary) -> np.ndarray:
        """Return the mean distance of every picture to the members of every set.

        Args:
            pictures: (N, H, W, 3) in [-1, 1], of the size of the sets' pictures.
            summary: from `summarise` of the same distance.

        Returns:
            (N, G) float32.

        Raises:
            ValueError: another size than the sets' pictures, values outside [-1, 1] or NaN.
        """
        pictures = check_range(pictures)
        steps = range(0, len(pictures), BATCH)
        return np.concatenate([self._to_sets(pictures[i : i + BATCH], summary) for i in steps])

    def within(self, summary: Summary, sets: Mapping[object, np.ndarray]) -> list[np.ndarray]:
        """Return for each set the mean distance of each member to the OTHER members (leave one out)."""
        places = {name: column for column, name in enumerate(summary.names)}
        return [
            self.to_sets(pictures, summary)[:, places[name]] * len(pictures) / (len(pictures) - 1)
            for name, pictures in sets.items()
        ]

    @abstractmethod
    def _pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Distances of at most BATCH pairs of good pictures."""

    def _keep(self, pictures: np.ndarray) -> object:
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
    """The squared length between two embeddings; `embed` is all that a distance of this kind defines."""

    @abstractmethod
    def embed(self, pictures: np.ndarray) -> np.ndarray:
        """Return (N, D) float32 vectors for (N, H, W, 3) pictures in [-1, 1]."""

    def _pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.square(self.embed(first) - self.embed(second)).sum(axis=1)

    def _keep(self, pictures: np.ndarray) -> tuple[np.ndarray, float]:
        steps = range(0, len(pictures), BATCH)
        total, squares = 0.0, 0.0
        for i in steps:
            vectors = self.embed(pictures[i : i + BATCH])
            total, squares = total + vectors.sum(axis=0), squares + float(np.square(vectors, dtype=np.float64).sum())
        return total / len(pictures), squares / len(pictures)

    def _to_sets(self, pictures: np.ndarray, summary: Summary) -> np.ndarray:
        vectors = self.embed(pictures)
        if vectors.shape[1] != len(summary.data[0][0]):
            raise ValueError(f"The sets hold pictures of another size than {pictures.shape[1]} x {pictures.shape[2]}.")
        cross = np.stack([vectors @ mean for mean, _ in summary.data], axis=1)
        own = np.square(vectors).sum(axis=1, keepdims=True)
        squares = np.array([square for _, square in summary.data], np.float32)
        return np.maximum(own - 2.0 * cross + squares, 0.0)


class Pixels(EmbeddingDistance):
    """The mean squared difference of the pixels: the humblest of all."""

    name = "pixels"
    label = "mean squared difference of pixels"

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        flat = pictures.reshape(len(pictures), -1)
        return flat / np.sqrt(flat.shape[1], dtype=np.float32)


class SSIM(Distance):
    """One minus the structural similarity (Wang et al., 2004), from scikit-image: 0 for equal pictures, up to 2."""

    name = "ssim"
    label = "1 - SSIM"

    def _pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        from skimage.metrics import structural_similarity

        first, second = (first + 1.0) / 2.0, (second + 1.0) / 2.0  # the formula is not blind to where zero lies
        options = {"channel_axis": -1, "data_range": 1.0, "gaussian_weights": True, "use_sample_covariance": False}
        values = [1.0 - structural_similarity(a, b, **options) for a, b in zip(first, second, strict=True)]
        return np.array(values, np.float32)


class ShapesNetDistance(EmbeddingDistance):
    """The form of LPIPS on the features of the bundled ShapesNet, with equal weights; NOT the published LPIPS.

    At every position of every block the features are scaled to length 1; the distance is the squared difference,
    summed over channels, averaged over positions and summed over blocks (Zhang et al., 2018, without the weights that
    they fitted to human judgements).

    Args:
        backbone: a ShapesNet; the bundled one by default.
        layers: the blocks whose features are compared.
    """

    name = "shapesnet"
    label = "LPIPS-form distance on ShapesNet"

    def __init__(
        self, backbone: object = None, layers: tuple[str, ...] = ("mixed0", "mixed1", "mixed2", "mixed3", "mixed4")
    ) -> None:
        from .models import load_model

        self.backbone, self.layers = backbone or load_model("shapesnet"), layers
        self.network = self.backbone.truncate(*layers)

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        parts = []
        for features in self.network(self.backbone.preprocess(tf.constant(pictures, tf.float32))):
            length = tf.sqrt(tf.reduce_sum(tf.square(features), axis=-1, keepdims=True)) + 1e-10
            positions = features.shape[1] * features.shape[2]
            parts.append(tf.reshape(features / length, (len(pictures), -1)) / np.sqrt(positions, dtype=np.float32))
        return tf.concat(parts, axis=1).numpy()


NETS = ("alex", "squeeze", "vgg", "shapesnet", "ssim", "pixels")


def distance(net: str = "alex", download: bool = False) -> Distance:
    """Return a distance by name.

    Args:
        net: "alex", "squeeze" or "vgg" (LPIPS v0.1; needs that network's torchvision weights), "shapesnet" (LPIPS-form
            distance on the bundled network), "ssim" or "pixels".
        download: fetch the weights when they are not on this machine; the call then says so.

    Returns:
        The distance.

    Raises:
        ValueError: no such name.
        MissingWeights: the network's weights are not on this machine.
    """
    if net not in NETS:
        raise ValueError(f"There is no distance '{net}': {nearest(net, NETS)}")
    if net in ("alex", "squeeze", "vgg"):
        from .lpips_distance import LPIPS

        return LPIPS(net, download=download)
    return {"shapesnet": ShapesNetDistance, "ssim": SSIM, "pixels": Pixels}[net]()
