"""The result of a scan: which images drive each channel, as tables in memory and on disk."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from ..common.checks import choice, file_name, number, shown, whole_number
from ..common.errors import damage_named, nearest, written_named
from ..common.files import replacing
from ..common.progress import bar
from ..data.image_sets import WORKERS, ImageSet
from ..data.images import image_file, to_uint8
from .ranking import POOLINGS, Ranking

LEVELS = np.array([0, 0.001, 0.002, 0.005, *np.arange(1, 100) / 100, 0.995, 0.998, 0.999, 1])
THUMBNAIL = 112  # pixels
LONGEST = 255  # bytes of a name that file systems take
TABLES = {"table": "exemplars.parquet", "bottom": "bottom.parquet", "quantiles": "quantiles.parquet"}
META = "meta.json"


@dataclass
class Exemplars:
    """The strongest and weakest images of every channel, and how all activations are distributed.

    Attributes:
        table: the top-k. Columns layer, channel, pooling ("mean" or "max" over the map), rank (1 is the strongest),
            path (the image's name in the data set), activation, row, col (the unit of the map where the channel is
            strongest; the first such unit, should several be equal). Among equal images the earlier one of the data
            set comes first, so the table of a channel that is zero everywhere lists the first images.
        bottom: the same for the weakest images, rank 1 being the weakest.
        quantiles: columns layer, channel, pooling, quantile (0 to 1), activation. Minimum and maximum are exact, and so
            are the others up to `ranking.SAMPLE` images; beyond that they come from a random sample of so many.
        meta: backbone, weights (a hash), layers, k, size, policy, fingerprint and images (of the data set), count (of
            images that could be read), damaged (name -> reason), seconds, maps (layer -> height and width).
    """

    table: pd.DataFrame
    bottom: pd.DataFrame
    quantiles: pd.DataFrame
    meta: dict

    def top(self, layer: str, channel: int, pooling: str = "mean", k: int | None = None) -> list[str]:
        """Return the names of the strongest images of a channel, strongest first.

        Args:
            layer: layer name; "auto" if only one was scanned.
            channel: channel number.
            pooling: "mean" or "max".
            k: how many; by default all that the scan kept.

        Raises:
            ValueError: not scanned, or more than there are.
        """
        return self.rows(layer, channel, pooling, k)["path"].tolist()

    def rows(self, layer: str, channel: int, pooling: str = "mean", k: int | None = None) -> pd.DataFrame:
        """Return the rows of `table` for one channel, strongest first; see `top` for the arguments."""
        rows = self._pick("table", layer, channel, pooling)
        return rows if k is None else rows[: whole_number("k", k, 1, len(rows), "The scan kept no more.")]

    def percentile(self, layer: str, channel: int, activation: float, pooling: str = "mean") -> float:
        """Return where an activation lies among those of the data set.

        Exact among the k strongest and the k weakest; between two neighbouring quantiles elsewhere.

        Args:
            layer: layer name; "auto" if only one was scanned.
            channel: channel number.
            activation: of the same pooling.
            pooling: "mean" or "max".

        Returns:
            Share of the images with a smaller activation, 0 to 100; 100 is above every image.

        Raises:
            ValueError: not scanned, or not a number.
        """
        activation = number("activation", activation)
        curve, strongest, weakest = (
            self._pick(name, layer, channel, pooling)["activation"].to_numpy() for name in ("quantiles", *_ENDS)
        )
        count, k = self.meta["count"], len(strongest)
        if activation > strongest[-1]:
            return 100.0 * (count - int(np.count_nonzero(strongest >= activation))) / count
        if activation <= weakest[-1]:
            return 100.0 * int(np.count_nonzero(weakest < activation)) / count
        above = int(np.searchsorted(curve, activation))  # the first quantile that is not below
        below = above - 1
        part = (activation - curve[below]) / (curve[above] - curve[below])
        share = LEVELS[below] + part * (LEVELS[above] - LEVELS[below])
        return 100.0 * float(np.clip(share, k / count, 1 - k / count))

    def save(self, folder: str | Path, data: ImageSet | None = None) -> None:
        """Write exemplars.parquet, bottom.parquet, quantiles.parquet, meta.json and thumbnails.

        Args:
            folder: where; made if need be. What was there is replaced, `meta.json` last.
            data: the data set; without it, no thumbnails. Every image of `table` gets one, however many channels it is
                an exemplar of: `thumbnails/<path>.jpg`, as the network saw it.
        """
        folder = Path(folder)
        (folder / META).unlink(missing_ok=True)  # from here to the last line the folder is incomplete
        for name, file in TABLES.items():
            with replacing(folder / file) as part:
                getattr(self, name).to_parquet(part, index=False)
        if data is not None:
            _thumbnails(data, self.table["path"].unique(), folder / "thumbnails")
        with replacing(folder / META) as part:
            part.write_text(json.dumps(self.meta, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> Exemplars:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no finished scan in the folder.
            ValueError: it is damaged.
        """
        folder = file_name("The folder of a scan", folder)
        if not (folder / META).is_file():
            raise FileNotFoundError(f"There is no finished scan in '{folder}'. Make one with `featviz exemplars`.")
        with damage_named(folder):
            tables = {name: pd.read_parquet(folder / file) for name, file in TABLES.items()}
            return cls(**tables, meta=json.loads((folder / META).read_text(encoding="utf-8")))

    def _pick(self, name: str, layer: str, channel: int, pooling: str) -> pd.DataFrame:
        layers = self.meta["layers"]
        if isinstance(layer, str) and layer == "auto" and len(layers) == 1:
            layer = next(iter(layers))
        if not isinstance(layer, str) or layer not in layers:
            raise ValueError(f"Layer {shown(layer)} was not scanned: {nearest(layer, layers)}")
        channel = whole_number(f"A channel of '{layer}'", channel, 0, layers[layer] - 1)
        choice("pooling", pooling, POOLINGS)
        return getattr(self, name).iloc[self._groups[name][layer, channel, pooling]]

    @cached_property
    def _groups(self) -> dict[str, dict]:
        return {name: getattr(self, name).groupby(["layer", "channel", "pooling"]).indices for name in TABLES}


_ENDS = ("table", "bottom")


def tables(ranking: Ranking, data: ImageSet, meta: dict) -> Exemplars:
    """Lay out a finished ranking as tables.

    Args:
        ranking: what the scan remembered.
        data: where the names come from.
        meta: see `Exemplars`; its layers are in the order of the ranking's channel axis.
    """
    names, counts = np.array(data.names, object), list(meta["layers"].values())
    layer = np.repeat(list(meta["layers"]), counts)[:, None, None]
    channel = np.concatenate([np.arange(count, dtype=np.int32) for count in counts])[:, None, None]
    width = np.repeat([meta["maps"][name][1] for name in meta["layers"]], counts)[:, None, None]

    def frame(values: np.ndarray, **columns: np.ndarray) -> pd.DataFrame:
        """Rows for an array (C, 2, n): channels x poolings x entries."""
        shape = values.shape
        pooling = np.broadcast_to(np.array(POOLINGS)[:, None], shape)
        columns = {"layer": layer, "channel": channel, "pooling": pooling} | columns
        return pd.DataFrame({name: np.broadcast_to(column, shape).ravel() for name, column in columns.items()})

    def end(which: int) -> pd.DataFrame:
        values, images, positions = (
            array[:, which].swapaxes(0, 1) for array in (ranking.values, ranking.images, ranking.positions)
        )
        rows = frame(
            values,
            rank=np.arange(1, values.shape[-1] + 1, dtype=np.int32),
            path=names[images],
            activation=values if which == 0 else -values,
            row=(positions // width).astype(np.int32),
            col=(positions % width).astype(np.int32),
        )
        return rows[images.ravel() >= 0].reset_index(drop=True)

    levels = ranking.quantiles(LEVELS).transpose(2, 1, 0)
    return Exemplars(end(0), end(1), frame(levels, quantile=LEVELS, activation=levels), meta)


def thumbnail(name: str) -> str:
    """Return where the thumbnail of an image lies below thumbnails/.

    A name that is too long to get an ending is cut, and kept apart from others by its hash.
    """
    folder, slash, last = name.rpartition("/")
    if len(f"{last}.jpg".encode()) > LONGEST:
        last = f"{last[:40]}-{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"
    return f"{folder}{slash}{last}.jpg"


def _thumbnails(data: ImageSet, names: list[str], folder: Path) -> None:
    def write(name: str) -> None:
        path = folder / thumbnail(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(to_uint8(data.load(data.index(name), THUMBNAIL)))
        with written_named(path):  # whole or not: the scan is unfinished until all are there
            path.write_bytes(image_file(small, "JPEG", 85))

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in bar(iterable=pool.map(write, names), total=len(names), unit="image", desc="thumbnails", leave=False):
            pass
