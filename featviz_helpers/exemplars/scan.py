"""Which images drive each channel: the top-k of every channel of a layer, in one pass over a data set.

A channel's exemplars are the most direct answer to what it responds to (Erhan et al., 2009; Zeiler and Fergus, 2014;
Borowski et al., 2021, who found that they help people more than synthetic images do). All channels share one forward
pass. What is remembered grows with the number of channels, not with the number of images, and a scan that was stopped
goes on from its last checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

from ..common.checks import file_name, flag, instance, is_list, whole_number
from ..common.errors import NotFinite
from ..common.locks import exclusive
from ..common.memory import enough_memory
from ..common.progress import bar
from ..common.provenance import of_rooms
from ..data.image_sets import ImageSet
from ..data.sizes import LARGEST, MOST_AT_ONCE, fit_at_once
from ..models.backbone import Backbone
from ..models.digest import digest
from ..models.precision import settled
from .ranking import Ranking, not_finite
from .tables import META, Exemplars, tables

STATE = "scan.npz"
EVERY = 10.0  # seconds between two checkpoints


def find_exemplars(
    backbone: Backbone,
    data: ImageSet,
    layers: str | Sequence[str] = "auto",
    k: int = 9,
    size: int | None = None,
    batch: int = 32,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    precision: str = "float32",
) -> Exemplars:
    """Find the k strongest and the k weakest images of every channel, by spatial mean and by spatial maximum.

    Args:
        backbone: the network.
        data: the images.
        layers: one or more layer names, or "auto".
        k: images per channel, 1 to the number of images.
        size: side of the images in pixels; by default what the network was trained on.
        batch: images at once, 1 to 4096. Another batch gives the same ranks as far as activations differ by more than
            rounding.
        checkpoint: a folder in which the state of the scan is kept, and renewed every 10 seconds. A call that finds one
            there goes on from it, and ends with the same table, bit for bit, as one that was never interrupted.
        progress: show a bar.
        precision: of the network, as for `maximize`; in half precision, images of nearly equal activation change ranks.

    Returns:
        The exemplars among the images that could be read.

    Raises:
        ValueError: an unknown layer, k out of range, images too small for the layer, no image that can be read, or a
            checkpoint that belongs to another scan.
        NotFinite: a channel's activation is not a number.

    Warns:
        DamagedImageWarning: how many images could not be read, and which.
    """
    batch, progress = whole_number("batch", batch, 1, MOST_AT_ONCE), flag("progress", progress)
    request = scan_request(backbone, data, layers, k, size, precision)
    fit_at_once("batch", min(batch, len(data)), request["size"], request["size"])  # before the network is compiled
    state = None if checkpoint is None else file_name("The folder of checkpoints", checkpoint) / STATE
    ranking = _resume(request, state, progress)
    _scan(backbone, data, ranking, request, batch, state, progress)
    meta = request | {"count": ranking.count, "damaged": ranking.damaged, "seconds": ranking.seconds}
    return tables(ranking, data, meta | {"maps": map_sizes(backbone, tuple(request["layers"]), request["size"])})


def write_exemplars(
    folder: str | Path,
    backbone: Backbone,
    data: ImageSet,
    layers: str | Sequence[str] = "auto",
    k: int = 9,
    size: int | None = None,
    batch: int = 32,
    precision: str = "float32",
) -> tuple[Exemplars, bool]:
    """Find the exemplars and write tables and thumbnails, unless the folder already holds them.

    Args:
        folder: where; the scan's checkpoint lies there too until it is finished.
        backbone, data, layers, k, size, batch, precision: as for `find_exemplars`.

    Returns:
        The exemplars, and True if they were there already.

    Raises:
        ValueError: as for `find_exemplars`; or the folder holds the exemplars of another scan, or another process
            writes them.
    """
    folder = Path(folder)
    request = scan_request(backbone, data, layers, k, size, precision)
    if not (folder / META).is_file():
        with exclusive(folder, "scan"):
            if not (folder / META).is_file():
                precision = request["precision"]
                exemplars = find_exemplars(backbone, data, layers, k, size, batch, folder, precision=precision)
                exemplars.save(folder, data)
                (folder / STATE).unlink(missing_ok=True)  # only now: a kill among the thumbnails costs no scan
                return exemplars, False
    exemplars = Exemplars.load(folder)  # without a lock: what is finished may lie where nobody can write
    refuse_other(request, exemplars.meta, folder)
    with suppress(OSError):
        (folder / STATE).unlink()  # of a scan that was killed between its last two lines
    return exemplars, True


def scan_request(
    backbone: Backbone,
    data: ImageSet,
    layers: str | Sequence[str] = "auto",
    k: int = 9,
    size: int | None = None,
    precision: str = "float32",
) -> dict:
    """Check the arguments of `find_exemplars`, and return all that the exemplars depend on, as plain values."""
    instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns")
    instance("data", data, ImageSet, "a set of images, such as fv.open_images('photographs')")
    names = layers if is_list(layers) else [layers]
    names = {backbone.resolve(name) for name in names}
    names = [name for name in backbone.layers if name in names]  # one order, whatever the order of the arguments
    if not names:
        raise ValueError(f"layers: name at least one layer, or 'auto'; got {layers!r}.")
    k = whole_number("k, the number of images per channel,", k, 1, len(data))
    size = backbone.model.inputs[0].shape[1] or backbone.size if size is None else size
    size = whole_number("size", size, 1, LARGEST)
    backbone.check_size((size, size), *names)
    return {
        "backbone": backbone.name,
        "weights": digest(backbone, names, size),
        "layers": {name: backbone.layers[name] for name in names},
        "k": int(k),
        "size": int(size),
        "precision": settled(precision),
        "policy": data.policy,
        "fingerprint": data.fingerprint,
        "images": len(data),
        "code": of_rooms("common", "data", "models", "exemplars"),
    }


def refuse_other(request: dict, other: dict, path: Path) -> None:
    """Raise ValueError when what lies at `path` belongs to another scan."""
    differs = [
        f"{key} {other.get(key)} there, {value} here" for key, value in request.items() if other.get(key) != value
    ]
    if differs:
        raise ValueError(
            f"'{path}' belongs to another scan: {'; '.join(differs)}. Choose another folder, or delete it."
        )


def map_sizes(backbone: Backbone, layers: Sequence[str], size: int) -> dict[str, list[int]]:
    """Return the height and the width of each layer's map; class scores count as one unit."""
    shapes = backbone.truncate(*layers).compute_output_shape((1, size, size, 3))
    shapes = [shapes] if isinstance(shapes, tuple) else shapes
    return {layer: list(shape[1:-1]) or [1, 1] for layer, shape in zip(layers, shapes, strict=True)}


def compiled_pooling(
    backbone: Backbone, layers: tuple[str, ...], size: int, dtype: tf.DType, precision: str = "float32"
) -> tf.types.experimental.ConcreteFunction:
    """Return the compiled network with the pooling inside it, so that no map ever leaves the device.

    Args:
        backbone: the network.
        layers: layer names; their channels are laid side by side.
        size: side of the images in pixels.
        dtype: uint8 for images in 0..255, float32 for images in [-1, 1].
        precision: of the network, one of `models.precision.PRECISIONS`.

    Returns:
        images (n, size, size, 3) -> means and maxima (2, n, C) float32, and positions of the maxima (n, C) int32.
    """
    network = backbone.truncate(*layers, precision=precision)

    def pool(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = tf.cast(images, tf.float32) / 127.5 - 1.0 if dtype == tf.uint8 else images
        pooled, positions = [], []
        for maps in keras.tree.flatten(network(backbone.preprocess(images), training=False)):
            count = maps.shape[-1]
            units = tf.reshape(tf.cast(maps, tf.float32), [tf.shape(maps)[0], -1, count])
            pooled.append(tf.stack([tf.reduce_mean(units, axis=1), tf.reduce_max(units, axis=1)]))
            positions.append(tf.argmax(units, axis=1, output_type=tf.int32))
        return tf.concat(pooled, axis=2), tf.concat(positions, axis=1)

    key = ("pooling", layers, size, dtype, precision)
    if key not in backbone.functions:
        # One trace serves the smaller last batch as well.
        signature = tf.TensorSpec((None, size, size, 3), dtype)
        backbone.functions[key] = tf.function(pool).get_concrete_function(signature)
    return backbone.functions[key]


def _resume(request: dict, state: Path | None, progress: bool) -> Ranking:
    """Return the ranking that a checkpoint holds, or a new one."""
    if state is None or not state.is_file():
        return Ranking(sum(request["layers"].values()), request["k"])
    ranking, other = Ranking.load(state)
    refuse_other(request, other, state)
    if progress:
        tqdm.write(f"Going on with an earlier scan, at image {ranking.next} of {request['images']}.")
    return ranking


def _scan(
    backbone: Backbone, data: ImageSet, ranking: Ranking, request: dict, batch: int, state: Path | None, progress: bool
) -> None:
    data.damaged.update(ranking.damaged)
    layers, size, before = tuple(request["layers"]), request["size"], ranking.seconds
    saved = began = time.monotonic()
    shown = bar(progress, total=len(data), initial=ranking.next, unit="image", desc=", ".join(layers))
    with shown as progress_bar, enough_memory(min(batch, len(data)), (size, size)):
        for index, images in data.batches(batch, size, ranking.next):
            pool = compiled_pooling(backbone, layers, size, tf.as_dtype(images.dtype), request["precision"])
            pooled, positions = (answer.numpy() for answer in pool(images))
            if not np.isfinite(pooled).all():
                names = [data.names[i] for i in index]
                raise NotFinite(not_finite(pooled, request["layers"], names, request["precision"]))
            ranking.add(pooled, positions, index, [data.names[i] for i in index])
            ranking.damaged, ranking.seconds = dict(data.damaged), before + time.monotonic() - began
            progress_bar.update(ranking.next - progress_bar.n)
            if state is not None and time.monotonic() - saved >= EVERY:
                ranking.save(state, request)
                saved = time.monotonic()
    ranking.damaged = dict(data.damaged)
    if state is not None:
        ranking.save(state, request)
    if not ranking.count:
        name, reason = next(iter(data.damaged.items()))
        raise ValueError(f"None of the {len(data)} images could be read; the first is {name} ({reason}).")
