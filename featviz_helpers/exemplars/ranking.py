"""What a scan remembers: the strongest and weakest images of every channel, and a fair sample of all activations.

Its size depends on the number of channels, never on the number of images. The channels of all layers lie side by side
on one axis C. Two poolings, spatial mean and spatial maximum, are ranked in the same way.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from ..common.arrays import read_arrays
from ..common.errors import DAMAGE, damage
from ..common.files import replacing

POOLINGS = ("mean", "max")
SAMPLE = 2000  # images whose activations are kept for the quantiles
_NUMBERS = ("count", "next", "seconds", "damaged")
_ARRAYS = ("values", "images", "positions", "sample", "priorities")


class Ranking:
    """A running top-k and bottom-k with a reservoir.

    Args:
        channels: length of the channel axis C.
        k: images kept at each end.
        most: images in the sample (Vitter, 1985): those with the smallest hash of their name, so that it is the
            same images for every channel, whatever the order and however often the scan was interrupted.

    Attributes:
        values: (2, 2, C, k) float32: poolings x (top, bottom) x channels x ranks, best first. The bottom is kept with
            its sign changed, so that both ends are maxima.
        images: (2, 2, C, k) int32, position of the image in the data set, -1 where there are fewer than k.
        positions: (2, 2, C, k) int32, where the maximum of the map lies: row times width plus column.
        sample: (2, most, C) float32.
        priorities: (most,) uint64, hash of the image in each row of the sample.
        count: images seen.
        next: position in the data set at which the scan goes on.
        seconds: time spent, over all sessions.
        damaged: name -> reason.
    """

    def __init__(self, channels: int, k: int, most: int = SAMPLE) -> None:
        ends = (len(POOLINGS), 2, channels, k)
        self.values = np.full(ends, -np.inf, np.float32)
        self.images = np.full(ends, -1, np.int32)
        self.positions = np.zeros(ends, np.int32)
        self.sample = np.zeros((len(POOLINGS), most, channels), np.float32)
        self.priorities = np.zeros(most, np.uint64)
        self.count, self.next, self.seconds = 0, 0, 0.0
        self.damaged: dict[str, str] = {}

    def add(self, pooled: np.ndarray, positions: np.ndarray, index: np.ndarray, names: list[str]) -> None:
        """Take in one batch of images, which come after all earlier ones in the data set.

        Args:
            pooled: (2, n, C) float32, spatial means and maxima.
            positions: (n, C) int32, see the attribute.
            index: (n,) positions in the data set, ascending.
            names: one per image.
        """
        signed = np.stack([pooled, -pooled], axis=1).swapaxes(2, 3)  # (2, 2, C, n)
        k = self.values.shape[-1]
        values = np.concatenate([self.values, signed], axis=-1)
        # A stable sort leaves the earlier image before the later one where they are equal.
        order = np.argsort(-values, axis=-1, kind="stable")[..., :k]
        for name, new in (("images", index.astype(np.int32)), ("positions", positions.T)):
            candidates = np.concatenate([getattr(self, name), np.broadcast_to(new, signed.shape)], axis=-1)
            setattr(self, name, np.take_along_axis(candidates, order, axis=-1))
        self.values = np.take_along_axis(values, order, axis=-1)
        self._sample(pooled, names)
        self.next = int(index[-1]) + 1

    def _sample(self, pooled: np.ndarray, names: list[str]) -> None:
        for i, name in enumerate(names):
            priority = np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()))
            full = self.count >= len(self.priorities)
            row = int(self.priorities.argmax()) if full else self.count
            if not full or priority < self.priorities[row]:
                self.priorities[row] = priority
                self.sample[:, row] = pooled[:, i]
            self.count += 1

    def quantiles(self, levels: np.ndarray) -> np.ndarray:
        """Return the quantiles of each channel's activations over the images.

        Args:
            levels: ascending, 0 to 1. The first and the last are exact; those between are exact as long as all images
                fit into the sample.

        Returns:
            (levels, 2, C) float32.
        """
        rows = self.sample[:, : self.count]
        quantiles = np.quantile(rows, levels, axis=1).astype(np.float32)
        quantiles[0], quantiles[-1] = -self.values[:, 1, :, 0], self.values[:, 0, :, 0]
        return quantiles

    def save(self, path: Path, request: dict) -> None:
        """Write everything, and the request that it belongs to, to an npz file in one step."""
        about = {k: getattr(self, k) for k in _NUMBERS} | {"request": request}
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, about=json.dumps(about), **{name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: Path) -> tuple[Ranking, dict]:
        """Read what `save` wrote: the ranking and its request.

        Raises:
            ValueError: the file is something else.
        """
        ranking = cls.__new__(cls)
        try:
            file = read_arrays(path)
            about = json.loads(str(file["about"]))
            vars(ranking).update({name: file[name] for name in _ARRAYS} | {name: about[name] for name in _NUMBERS})
            return ranking, dict(about["request"])
        except DAMAGE as error:
            raise ValueError(
                f"'{path}' is not the state of a scan ({damage(error)}). Delete it to begin anew."
            ) from error


def not_finite(pooled: np.ndarray, layers: dict[str, int], names: list[str], precision: str) -> str:
    """Return the sentence about the first activation that is not a number.

    Args:
        pooled: (2, n, C), as `scan.compiled_pooling` returns it.
        layers: layer name -> number of channels, in the order of C.
        names: of the n images.
        precision: that the network computed in.
    """
    _, image, unit = np.argwhere(~np.isfinite(pooled))[0]
    units = [(layer, channel) for layer, count in layers.items() for channel in range(count)]
    layer, channel = units[unit]
    remedy = (
        "float16 ends at 65504: use 'mixed_bfloat16' or 'float32'"
        if precision == "mixed_float16"
        else "check the network's weights"
    )
    return f"Channel {channel} of '{layer}' is not a finite number on image {names[image]}: {remedy}."
