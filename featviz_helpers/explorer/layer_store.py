"""What an atlas keeps of one layer on disk: the pictures of its channels, and the images that drive them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ..ascent.maximize import maximize
from ..ascent.objectives import channel, class_score
from ..ascent.optimizers import Adam
from ..ascent.parameterizations import Fourier
from ..ascent.result import Result
from ..ascent.term import Objective
from ..ascent.transforms import standard
from ..common.checks import file_name, instance, whole_number
from ..common.errors import damage_named
from ..common.files import replacing, write_text
from ..common.progress import bar
from ..common.provenance import of_rooms
from ..data.image_sets import ImageSet
from ..data.images import to_uint8
from ..exemplars.scan import refuse_other, scan_request, write_exemplars
from ..exemplars.tables import META, Exemplars
from ..models.backbone import Backbone
from .variety import CHANNELS, Variety, push_apart

REQUEST = "request.json"
ROOMS = ("common", "data", "models", "ascent", "synthesis", "explorer")  # whose code makes the pictures


class LayerStore:
    """The part of an atlas that belongs to one layer; what is there already is not made again.

    Args:
        folder: of the atlas.
        backbone: the network.
        data: the images.
        layer: layer name.
        k: images per channel.
        size: side of the pictures in pixels.
        steps: of each ascent.
        precision: of the ascents and of the scan.

    Raises:
        ValueError: the folder holds the layer of another atlas, or an argument is out of range.
    """

    def __init__(
        self, folder: Path, backbone: Backbone, data: ImageSet, layer: str, k: int, size: int, steps: int,
        precision: str = "float32",
    ) -> None:  # fmt: skip
        instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns")
        folder, size = file_name("The folder of an atlas", folder), whole_number("size", size, 32, 512)
        steps = whole_number("steps", steps, 1, 100_000)
        self.backbone, self.data, self.layer = backbone, data, backbone.resolve(layer)
        self.k, self.size, self.steps, self.precision = k, size, steps, precision
        self.folder = _part(folder, self.layer)
        self.request = scan_request(backbone, data, self.layer, k, precision=precision)
        self.request |= {"picture": size, "steps": steps, "code": of_rooms(*ROOMS)}
        self._refuse_other()

    @classmethod
    def finished(cls, folder: Path, backbone: Backbone, data: ImageSet, layer: str) -> LayerStore | None:
        """Return what an atlas has of a layer; None where that is nothing, or not all.

        Raises:
            ValueError: the folder holds the layer of another network, of other images or of another version.
        """
        part = _part(folder, layer)
        if not all((part / name).is_file() for name in (REQUEST, f"exemplars/{META}", *map(_file, (0, 0), (1, -1)))):
            return None
        with damage_named(part / REQUEST):
            stored = json.loads((part / REQUEST).read_text(encoding="utf-8"))
            made = [stored[name] for name in ("k", "picture", "steps", "precision")]
        return cls(folder, backbone, data, layer, *made)

    def _refuse_other(self) -> None:
        path = self.folder / REQUEST
        if path.is_file():
            with damage_named(path):
                other = json.loads(path.read_text(encoding="utf-8"))
            refuse_other(self.request, other, self.folder)

    @property
    def channels(self) -> list[int]:
        """The numbers of all channels."""
        return list(range(self.backbone.layers[self.layer]))

    @property
    def of_classes(self) -> bool:
        """Whether the layer holds the class scores."""
        return self.layer == self.backbone.logits

    def exemplars(self) -> Exemplars:
        """Return the images that drive each channel most and least; from here on the folder belongs to this atlas."""
        folder, backbone = self.folder / "exemplars", self.backbone
        found, _ = write_exemplars(folder, backbone, self.data, self.layer, self.k, precision=self.precision)
        write_text(self.folder / REQUEST, json.dumps(self.request, indent=1) + "\n")
        return found

    def pictures(self, seed: int, sign: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return a picture of every channel, and what it reaches.

        Args:
            seed: of the ascent.
            sign: 1 for what drives a channel, -1 for what silences it.

        Returns:
            (C, size, size, 3) uint8, and (C,) mean activation, NaN for a channel whose start has no gradient.
        """

        def make() -> dict[str, np.ndarray]:
            unit = class_score if self.of_classes else channel
            objective = unit(self.channels) if self.of_classes else unit(self.layer, self.channels)
            result = self._climb(sign * objective, seed)
            reached = np.where(result.dead, np.nan, sign * result.activations)
            return {"images": to_uint8(np.nan_to_num(result.images)), "activations": reached}

        images, activations = self._kept(_file(seed, sign), make)
        return images, activations

    def variety(self, count: int) -> Variety | None:
        """Return several pictures of every channel that differ; None for a layer of classes, which has no map.

        Args:
            count: pictures of a channel, 2 or more.
        """
        if self.of_classes:
            return None
        alone = self.pictures(0)[1]

        def make(block: list[int]) -> dict[str, np.ndarray]:
            return push_apart(self._climb, self.layer, count, alone[block], block)._asdict()

        blocks = [self.channels[start : start + CHANNELS] for start in range(0, len(alone), CHANNELS)]
        shown = bar(iterable=blocks, unit="block", desc=f"{self.layer}, pushed apart")
        parts = [self._kept(f"variety_{count}_{block[0]}.npz", partial(make, block)) for block in shown]
        return Variety(*map(np.concatenate, zip(*parts, strict=True)))

    def _kept(self, name: str, make: Callable[[], dict[str, np.ndarray]]) -> list[np.ndarray]:
        """Return the arrays of a file of the layer, in their order; what is not there yet is made."""
        path = self.folder / name
        if not path.is_file():
            made = make()
            with replacing(path) as part, part.open("wb") as file:
                np.savez(file, **made)
        with damage_named(path), np.load(path) as stored:
            return [stored[array] for array in stored.files]

    def _climb(self, objective: Objective, seed: int = 0) -> Result:
        options: dict[str, Any] = {"parameterization": Fourier(), "transforms": [standard()], "optimizer": Adam(0.02)}
        options |= {"steps": self.steps, "size": self.size, "seed": seed, "dead": "mark", "precision": self.precision}
        return maximize(self.backbone, objective, **options)


def _part(folder: Path, layer: str) -> Path:
    """Return where an atlas keeps a layer."""
    return folder / "layers" / quote(layer, safe="")


def _file(seed: int, sign: int) -> str:
    """Return the name of the file of a layer's pictures."""
    return f"pictures_{'silent_' * (sign < 0)}{seed}.npz"
