"""What is known of the channels of a network: from an atlas's folder where there is one, else found on demand."""

from __future__ import annotations

from collections.abc import Container
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data.image_sets import ImageSet
from ..exemplars.scan import find_exemplars
from ..exemplars.tables import Exemplars
from ..models.backbone import Backbone
from ..models.receptive_field import Field
from . import facts
from .layer_store import LayerStore


class Made(NamedTuple):
    """A picture (H, W, 3) uint8 and the activation that it reaches: NaN for a channel whose start has no gradient."""

    image: np.ndarray
    activation: float


class LayerFacts:
    """What is known of one layer; what has to be computed is computed once, when it is first asked for.

    Args:
        backbone: the network.
        data: the images.
        layer: layer name.
        store: what an atlas has of the layer.
        k: images per channel, where they have to be found.
        progress: show a bar while they are.
    """

    def __init__(
        self, backbone: Backbone, data: ImageSet, layer: str, store: LayerStore | None, k: int, progress: bool
    ) -> None:
        self.backbone, self.data, self.layer, self.store, self.k = backbone, data, layer, store, k
        self.progress = progress

    @cached_property
    def exemplars(self) -> Exemplars:
        """The strongest and weakest images of every channel."""
        if self.store:
            return Exemplars.load(self.store.folder / "exemplars")
        return find_exemplars(self.backbone, self.data, self.layer, self.k, progress=self.progress)

    @property
    def scanned(self) -> bool:
        """Whether the exemplars are there already."""
        return self.store is not None or "exemplars" in self.__dict__

    def scan(self) -> None:
        """Find the exemplars, which takes the time of a pass over all images."""
        _ = self.exemplars

    @cached_property
    def histograms(self) -> list[dict[str, Any]]:
        """How each channel's activations are distributed, see `facts.histograms`."""
        return facts.histograms(self.exemplars, self.layer)

    @cached_property
    def answers(self) -> np.ndarray:
        """Responses of every channel (N, C) to images spread over the data set, see `facts.responses`."""
        return facts.responses(self.backbone, self.data, self.layer, self.exemplars.meta)

    @cached_property
    def field(self) -> Field:
        """What a unit of the layer sees."""
        return facts.seen_field(self.backbone, self.data, self.layer, self.exemplars.meta)

    @cached_property
    def stored(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """The atlas's pictures: 1 -> those that drive, -1 -> those that silence, and what they reach."""
        return {sign: self.store.pictures(0, sign) for sign in (1, -1)} if self.store else {}


class Archive:
    """What is known of a network, layer by layer.

    Args:
        backbone: the network.
        data: the images that its channels are shown beside.
        folder: of an atlas of the same network and images.
        k: images per channel.

    Attributes:
        progress: show a bar where all images have to be looked through.
    """

    def __init__(self, backbone: Backbone, data: ImageSet, folder: Path | None = None, k: int = 9) -> None:
        self.backbone, self.data, self.folder, self.k = backbone, data, folder, k
        self.progress = True
        self._layers: dict[str, LayerFacts] = {}
        self._made: dict[tuple[str, int, int], Made] = {}

    def layer(self, name: str) -> LayerFacts:
        """Return what is known of a layer.

        Raises:
            ValueError: the atlas is one of another network, of other images or of another version.
        """
        name = self.backbone.resolve(name)
        if name not in self._layers:
            store = self.folder and LayerStore.finished(self.folder, self.backbone, self.data, name)
            self._layers[name] = LayerFacts(self.backbone, self.data, name, store or None, self.k, self.progress)
        return self._layers[name]

    def picture(self, layer: str, channel: int, sign: int) -> Made | None:
        """Return what drives a channel (sign 1) or silences it (-1); None where nobody has made it."""
        stored = self.layer(layer).stored
        if stored:
            images, activations = stored[sign]
            return Made(images[channel], float(activations[channel]))
        return self._made.get((layer, channel, sign))

    def keep(self, layer: str, channel: int, sign: int, made: Made) -> None:
        """Keep a picture that no atlas has."""
        self._made[layer, channel, sign] = made

    @property
    def labels(self) -> list[str]:
        """The classes of the images that a channel can be selective for, in the order of the data set."""
        names = list(dict.fromkeys(self._sample_labels(())))
        return [name for name in names if name] if len(names) > 1 else []

    def _sample_labels(self, damaged: Container[str]) -> list[str | None]:
        return [self.data.labels[i] for i in facts.spread(self.data, facts.SAMPLE, damaged)]

    def most_selective(self, layer: str, label: str) -> int:
        """Return the channel of a layer that tells the images of one class best from all others."""
        known = self.layer(layer)
        return facts.most_selective(known.answers, self._sample_labels(known.exemplars.meta["damaged"]), label)
