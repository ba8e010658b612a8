"""A channel atlas: every channel of some layers, its pictures beside the images that drive it, as one HTML page.

The page needs nothing but itself: no network, no other file. OpenAI's Microscope (2020) showed the same for networks of
its time; here the pictures come with the images, the numbers and, where it is known, the answer key.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..common.checks import file_name, instance, is_list, refusal, whole_number
from ..common.files import write_text
from ..common.locks import exclusive
from ..common.progress import bar
from ..data.image_sets import ImageSet, ShapesImages
from ..exemplars.tables import Exemplars
from ..models.backbone import Backbone
from ..models.precision import settled
from ..models.receptive_field import receptive_field
from . import facts
from .layer_store import LayerStore
from .page import Pictures, render
from .variety import Variety

PAGE = "index.html"
SIDE = 96  # pixels of a picture
STEPS = 96
SEEDS = 3
VARIETY = 4
POOLINGS = ("mean", "max")
LABELS = {
    "picture": ("picture", "mean activation of the picture"),
    "strongest": ("strongest image", "mean activation of the strongest image"),
    "above": ("above", "share of the images that the picture is above, in percent"),
    "times": ("times strongest", "activation of the picture, in units of the strongest image"),
    "silent": ("silencing picture", "mean activation of the picture that silences the channel"),
    "alike": ("alike when pushed apart", "mean cosine of the pictures pushed apart; 1 where all are alike"),
    "grade": ("grade", "how well the picture agrees with the answer key, 0 to 1"),
    "orientation_deg": ("direction", "preferred direction of lines in degrees"),
    "orientation_strength": ("direction, how strongly", "0 to 1"),
    "frequency_cpp": ("frequency", "preferred fineness in cycles per pixel"),
    "frequency_strength": ("frequency, how strongly", "0 to 1"),
    "hue_deg": ("hue", "preferred hue in degrees"),
    "hue_strength": ("hue, how strongly", "0 to 1"),
    "class_name": ("class", "preferred class"),
    "class_strength": ("class, how strongly", "0 to 1"),
}


def write_atlas(
    folder: str | Path,
    backbone: Backbone,
    data: ImageSet,
    layers: str | Sequence[str] = "auto",
    *,
    k: int = 9,
    size: int = SIDE,
    steps: int = STEPS,
    seeds: int = SEEDS,
    variety: int = VARIETY,
    precision: str = "float32",
) -> Path:
    """Write an atlas of all channels of some layers; what an earlier call left in the folder is not made again.

    Args:
        folder: where index.html goes, and layers/ with all that it was made from.
        backbone: the network.
        data: the images that its channels are shown beside.
        layers: one or more layer names, or "auto".
        k: strongest and weakest images per channel, 1 to 64.
        size: side of the pictures in pixels, 32 to 512.
        steps: of each ascent.
        seeds: pictures of each channel, 1 to 8.
        variety: pictures of each channel that are pushed apart, 2 to 8, or 0 for none; a layer of classes has none.
        precision: of ascents and scan, as for `maximize`.

    Returns:
        The page.

    Raises:
        ValueError: an unknown layer, a number out of range, or a folder that holds another atlas or is being written.
    """
    folder, precision = file_name("The folder of an atlas", folder), settled(precision)
    instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns")
    instance("data", data, ImageSet, "a set of images, such as fv.open_images('photographs')")
    k, size = whole_number("k", k, 1, min(64, len(data))), whole_number("size", size, 32, 512)
    steps, seeds = whole_number("steps", steps, 1, 100_000), whole_number("seeds", seeds, 1, 8)
    variety = whole_number("variety", variety, 0, 8)
    if variety == 1:
        raise ValueError("variety must be 2 to 8, or 0 for none: one picture has no other to differ from; got 1.")
    wanted = {backbone.resolve(name) for name in (layers if is_list(layers) else [layers])}
    names = [name for name in backbone.layers if name in wanted]
    if not names:
        raise refusal("layers", "one or more layer names, or 'auto'", layers)
    backbone.check_size((size, size), *names)
    with exclusive(folder, "atlas"):
        stores = [LayerStore(folder, backbone, data, name, k, size, steps, precision) for name in names]
        pictures = Pictures()
        sections = [
            _section(store, pictures, seeds, variety) for store in bar(iterable=stores, unit="layer", desc="atlas")
        ]
        about = {
            "network": backbone.name,
            "data": repr(data),
            "photographs": not isinstance(data, ShapesImages),
            "picture": size,
            "steps": steps,
        }
        write_text(folder / PAGE, render(about, sections, pictures))
    return folder / PAGE


def _section(store: LayerStore, pictures: Pictures, seeds: int, variety: int) -> dict[str, Any]:
    """Return all that the page says of one layer, as plain values."""
    exemplars, layer, backbone = store.exemplars(), store.layer, store.backbone
    made = [store.pictures(seed) for seed in range(seeds)]
    silent, quiet = store.pictures(0, sign=-1)
    table = facts.standing(exemplars, layer, made[0][1]).assign(silent=quiet)
    apart = store.variety(variety) if variety else None
    if apart:
        table["alike"] = apart.alike
    curves = None
    if backbone.traits.has_answer_key and layer != backbone.logits:
        key, curves = facts.answer_key_facts(backbone, layer, *made[0])
        table = pd.concat([table, key], axis=1)
    answers = facts.responses(backbone, store.data, layer, exemplars.meta)
    return {
        "name": layer,
        "channels": len(store.channels),
        "columns": [[name, *LABELS[name]] for name in table.columns],
        "values": {name: table[name].tolist() for name in table.columns},
        "made": [[pictures.encode(image) for image in images] for images, _ in made],
        "silent": [pictures.encode(image) for image in silent],
        "reached": [activations.tolist() for _, activations in made],
        "apart": apart and _apart(apart, pictures),
        "top": {pooling: _images(store, exemplars, exemplars.table, pooling, pictures) for pooling in POOLINGS},
        "bottom": _images(store, exemplars, exemplars.bottom, "mean", pictures),
        "histograms": facts.histograms(exemplars, layer),
        "curves": curves,
        "near": facts.nearest_channels(answers),
        **_fields(store, exemplars),
    }


def _apart(variety: Variety, pictures: Pictures) -> dict[str, Any]:
    """Return the pictures of each channel that were pushed apart, and what they reach."""
    images = [[pictures.encode(image) for image in group] for group in variety.images]
    return {"made": images, "reached": variety.activations.tolist()}


def _images(
    store: LayerStore, exemplars: Exemplars, table: pd.DataFrame, pooling: str, pictures: Pictures
) -> list[list[list[float]]]:
    """Return for each channel its images: [number of the image, activation, row, column]."""
    rows = table[(table["layer"] == store.layer) & (table["pooling"] == pooling)]
    found: list[list[list[float]]] = [[] for _ in store.channels]
    for number, path, activation, row, col in rows[["channel", "path", "activation", "row", "col"]].itertuples(
        index=False
    ):
        found[number].append([pictures.image(store.data, path), activation, row, col])
    return found


def _fields(store: LayerStore, exemplars: Exemplars) -> dict[str, Any]:
    """Return the size of the layer's map, and what its units see, in shares of the image."""
    size, rows = exemplars.meta["size"], exemplars.meta["maps"][store.layer]
    theory = receptive_field(store.backbone, store.layer, size)
    seen = facts.seen_field(store.backbone, store.data, store.layer, exemplars.meta)
    return {
        "map": rows,
        "image": size,
        "field": list(theory.size),
        "effective": list(seen.size),
        "first": [value / size for value in seen.first],
        "stride": [value / size for value in seen.stride],
        "box": [min(value / size, 1.0) for value in seen.size],
    }
