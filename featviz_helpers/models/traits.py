"""What suits a network: sizes, layer, images and judge, so that nobody has to ask for its name."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.resources import files

import keras

from ..data.shapes import CLASSES


@dataclass(frozen=True)
class Traits:
    """What suits a network; sizes are sides in pixels.

    Attributes:
        native_size: of the images that it was trained on.
        picture_size: of an activation-maximisation picture on which its channels have room.
        study_size: of the pictures and images that a study compares.
        dream_size: of a photograph to dream on.
        default_layer: what LAYER = "auto" means; None is two thirds of the way up.
        images: the data set whose images drive its channels: an asset, or what `open_images` names. A network
            that needs no download has images that need none, though ImageNet-v2 would say more.
        classes: what its class scores stand for, in order; None where that is not known.
        judge: the distance that compares pictures of it, as `distance` names it.
        has_answer_key: whether it is known what its channels respond to.
        trusted: whether the course's own tests compare its cut copies with the original.
    """

    native_size: int
    picture_size: int = 224
    study_size: int = 224
    dream_size: int = 384
    default_layer: str | None = None
    images: str = "imagenetv2-matched-frequency"
    classes: tuple[str, ...] | None = None
    judge: str = "alex"
    has_answer_key: bool = False
    trusted: bool = False


SHAPESNET = Traits(
    native_size=64,
    picture_size=96,
    study_size=64,
    dream_size=192,
    default_layer="mixed2",
    images="shapes",
    classes=CLASSES,
    judge="shapesnet",
    has_answer_key=True,
    trusted=True,
)
_NAMES = files("featviz_helpers") / "models" / "weights" / "imagenet_classes.json"
IMAGENET = tuple(json.loads(_NAMES.read_text(encoding="utf-8"))["classes"])
INCEPTION_V3 = Traits(native_size=299, default_layer="mixed6", classes=IMAGENET, trusted=True)
LITE0 = Traits(
    native_size=224,
    picture_size=192,
    default_layer="block5b_add",
    images="photographs",
    classes=IMAGENET,
    trusted=True,
)
LITE1 = replace(LITE0, native_size=240)


def traits_of(model: keras.Model) -> Traits:
    """Return what suits a network of which nothing is known but its input: its own size, or 224 where it has none."""
    return Traits(native_size=model.inputs[0].shape[1] or 224)
