"""Image data sets that are read once, in order: any folder of images, ImageNet-v2, Shapes."""

from __future__ import annotations

import copy
import os
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from ..common.checks import choice, file_name, shown, whole_number
from ..common.errors import DamagedImage, DamagedImageWarning, nearest
from . import shapes
from .decode import POLICIES, decode
from .image_files import content_digest, image_files
from .images import from_uint8, resize
from .sizes import MOST_AT_ONCE, fit_at_once, most_at_once, square

MAX_NAMES = 10  # of damaged images in a warning
WORKERS = os.cpu_count() or 1
PREFETCH = 2  # batches that are decoded ahead of the one in use: enough to keep busy, and a bound on memory


class ImageSet(ABC):
    """A sequence of images that may be too long for memory.

    Attributes:
        names: one name per image, unique; for a folder, the path below it with forward slashes.
        labels: one class name per image, or None.
        policy: how an image becomes a square.
        fingerprint: changes when images are added, removed, renamed or replaced by others.
        damaged: name -> reason, of the images that could not be read so far.
    """

    names: list[str]
    labels: list[str | None]
    policy: str

    def __init__(self) -> None:
        self.damaged: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def fingerprint(self) -> str:
        """What tells these images from all others; of a folder, every file is read for it, once."""
        return self._identity()

    @abstractmethod
    def _identity(self) -> str:
        """Return a name of the images in `names`, whichever part of the data set they are."""

    @abstractmethod
    def pixels(self, index: int, size: int) -> np.ndarray:
        """Return one image as a square: (size, size, 3), uint8 or float32 in [-1, 1].

        Raises:
            DamagedImage: it cannot be read.
        """

    def load(self, index: int, size: int) -> np.ndarray:
        """Return one image as a square.

        Args:
            index: its position in `names`.
            size: side in pixels.

        Returns:
            (size, size, 3) float32 in [-1, 1].

        Raises:
            DamagedImage: it cannot be read.
            ValueError: there is no such image, or a size that cannot be.
        """
        index = whole_number("The position of an image", index, 0, len(self) - 1)
        try:
            image = self.pixels(index, square(size))
        except DamagedImage as error:
            raise DamagedImage(f"'{self.names[index]}' {error}") from error
        return from_uint8(image) if image.dtype == np.uint8 else image

    def index(self, name: str) -> int:
        """Return the position of an image.

        Raises:
            ValueError: there is no such image.
        """
        if not isinstance(name, str) or name not in self._positions:
            raise ValueError(f"The data set has no image {shown(name)}: {nearest(name, self.names[:10_000])}")
        return self._positions[name]

    def first(self, count: int) -> ImageSet:
        """Return a data set of the first images only, for a quick look before the long one.

        Args:
            count: how many, 1 to the number of images.

        Raises:
            ValueError: there are fewer.
        """
        count = whole_number("The number of first images", count, 1, len(self))
        part = copy.copy(self)
        for cached in ("_positions", "fingerprint"):
            part.__dict__.pop(cached, None)
        part.names, part.labels, part.damaged = self.names[:count], self.labels[:count], {}
        return part

    @property
    def sources(self) -> list[str]:
        """What each image was taken from: the image itself, and for crops their photograph."""
        return self.names

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def batches(self, batch: int, size: int, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Read the images from `start` on, in order, decoding in parallel and a little ahead.

        Damaged images are left out, collected in `damaged`, and named in one warning at the end. A batch therefore
        depends on where it starts and on nothing else, however many were damaged before it.

        Args:
            batch: images at once; the last batch may be smaller. Together they have 2^30 pixels at most.
            size: side in pixels.
            start: position of the first image.

        Yields:
            Positions (n,) and images (n, size, size, 3), uint8 where the source has 8 bits and else float32 in [-1, 1].

        Warns:
            DamagedImageWarning: how many images could not be read, and which.
        """
        batch, size = whole_number("batch", batch, 1, MOST_AT_ONCE), square(size)
        start = whole_number("start", start, 0, len(self))
        fit_at_once("batch", min(batch, len(self)), size, size)
        images: list[tuple[int, np.ndarray]] = []
        for index, image in self._in_order(size, start, min(PREFETCH * batch, most_at_once(size, size))):
            images.append((index, image))
            if len(images) == batch:
                yield _stack(images)
                images = []
        if images:
            yield _stack(images)
        if self.damaged:
            names = [f"{name} ({reason})" for name, reason in list(self.damaged.items())[:MAX_NAMES]]
            names += [f"and {len(self.damaged) - MAX_NAMES} more"] if len(self.damaged) > MAX_NAMES else []
            message = f"{len(self.damaged)} of {len(self)} images could not be read and were left out: "
            warnings.warn(message + "; ".join(names), DamagedImageWarning, stacklevel=2)

    def _in_order(self, size: int, start: int, ahead: int) -> Iterator[tuple[int, np.ndarray]]:
        queue: deque = deque()
        ahead = min(ahead, len(self))
        pool = ThreadPoolExecutor(WORKERS)
        try:
            for index in range(start, len(self) + ahead):
                if index < len(self):
                    queue.append((index, pool.submit(self.pixels, index, size)))
                if index - start >= ahead and queue:
                    first, future = queue.popleft()
                    try:
                        yield first, future.result()
                    except DamagedImage as error:
                        self.damaged[self.names[first]] = str(error)
                    else:
                        self.damaged.pop(self.names[first], None)
        finally:  # a reader that stops half-way waits only for what is being decoded now
            pool.shutdown(cancel_futures=True)


def _stack(images: list[tuple[int, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([index for index, _ in images]), np.stack([image for _, image in images])


class ImageFolder(ImageSet):
    """All images in a folder and in its sub-folders, in natural order: class 2 comes before class 10.

    Args:
        path: the folder, such as an extracted ImageNet-v2 archive (Recht et al., 2019).
        policy: "squash" brings both sides to the requested size, whatever the proportions, as the original study did;
            "crop" brings the shorter side to it and keeps the centre.

    Raises:
        ValueError: an unknown policy, not a folder, a folder without images, or a name that is not text.
        FileNotFoundError: there is no such folder.
    """

    def __init__(self, path: str | Path, policy: str = "squash") -> None:
        super().__init__()
        self.path, self.policy = file_name("The folder of images", path), choice("policy", policy, POLICIES)
        self.names = image_files(self.path)
        self.labels = [name.rpartition("/")[0].partition("/")[0] or None for name in self.names]

    def _identity(self) -> str:
        return content_digest(self.path, self.names)

    def __repr__(self) -> str:
        return f"{len(self)} images in '{self.path}' ({self.policy})"

    def pixels(self, index: int, size: int) -> np.ndarray:
        """Return one image as a square: (size, size, 3) uint8. See `ImageSet.pixels`."""
        return decode(self.path / self.names[index], size, self.policy)


class ShapesImages(ImageSet):
    """Shapes as a data set: image i is the i-th of `shapes.draw(count, seed, size)`, drawn on request.

    Args:
        count: number of images, 1 to 1,000,000.
        seed: whole number from 0 up.
        size: side in pixels at which they are drawn, 32 to 512; for any other size they are resized.

    Raises:
        ValueError: an argument outside its range.
    """

    def __init__(self, count: int, seed: int = 0, size: int = 64) -> None:
        super().__init__()
        shapes.draw(1, seed, size)  # refuses what is out of range
        self.policy, self.count, self.seed, self.size = "drawn", count, seed, size
        self.labels = [shapes.CLASSES[label] for label in shapes.draw_labels(count, seed)]
        self.names = [f"shapes/{i:06d}" for i in range(count)]

    def _identity(self) -> str:
        part = f"-first-{len(self)}" if len(self) < self.count else ""
        return f"shapes-{self.count}-{self.seed}-{self.size}{part}"

    def __repr__(self) -> str:
        return f"{len(self)} Shapes of {self.size} pixels, seed {self.seed}"

    def pixels(self, index: int, size: int) -> np.ndarray:
        """Return one image: (size, size, 3) float32 in [-1, 1]. See `ImageSet.pixels`."""
        if not 0 <= index < len(self):
            raise IndexError(f"Image {index} of {len(self)}.")
        return self._draw(int(index), 1, size)[0]

    def _in_order(self, size: int, start: int, ahead: int) -> Iterator[tuple[int, np.ndarray]]:
        for first in range(start, len(self), ahead := min(ahead, most_at_once(self.size, self.size))):
            yield from enumerate(self._draw(first, min(ahead, len(self) - first), size), first)

    def _draw(self, first: int, count: int, size: int) -> np.ndarray:  # many in one go: a tenth of one by one
        images = shapes.draw(count, self.seed, self.size, first=first).images
        return images if size == self.size else resize(images, size)
