"""How much of the network's own speed does a scan for exemplars keep?

The bare side is one compiled forward pass of the same truncated, folded network, on images that are in memory already
as float32, with nothing read off but one number per batch. The scan's side is a whole `fv.find_exemplars`: files are
read, decoded and resized, maps pooled, every channel's top-k and bottom-k and the sample for the quantiles kept up to
date, tables made at the end. Rounds alternate in one process over the same images, and the medians of the rounds are
reported, because a single timing on a shared machine means little. `cpu_ratio` compares processor seconds instead of
seconds on the clock: where other work wants the same cores it is the steadier of the two.
"""

import json
import statistics
import time
from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import tensorflow as tf
from tqdm import trange


@click.command(help=__doc__)
@click.option("--model", default="inception_v3", show_default=True)
@click.option("--weights", default=None, help="Weights file; without it, what load_model finds.")
@click.option("--layer", default="auto", show_default=True)
@click.option("--data", "source", required=True, help="Folder of images, or the word shapes.")
@click.option("--images", default=192, show_default=True, help="The first so many of the folder.")
@click.option("--size", default=299, show_default=True, help="Pixels.")
@click.option("--batch", default=32, show_default=True)
@click.option("--rounds", default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(
    model: str, weights: str, layer: str, source: str, images: int, size: int, batch: int, rounds: int, as_json: bool
) -> None:
    backbone = fv.load_model(model, weights=weights)
    layer = backbone.resolve(layer)
    data = fv.open_images(source, count=images)
    data.names = data.names[:images]
    network = backbone.truncate(layer)

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3))])
    def bare(pictures: tf.Tensor) -> tf.Tensor:
        return tf.reduce_max(network(backbone.preprocess(pictures), training=False))

    loaded = [np.stack([data.load(i, size) for i in part]) for part in _parts(len(data), batch)]
    loaded = [tf.constant(part) for part in loaded]

    def bare_round() -> None:
        for part in loaded:
            bare(part).numpy()

    def scan() -> None:
        fv.find_exemplars(backbone, data, layer, k=min(9, len(data)), size=size, batch=batch, progress=False)

    def decode() -> None:
        for _ in data.batches(batch, size):
            pass

    sides = {"bare": bare_round, "scan": scan, "decode": decode}
    for side in sides.values():
        side()  # traces, and fills the file cache
    seconds, busy = {name: [] for name in sides}, {name: [] for name in sides}
    for _ in trange(rounds, disable=as_json, desc="rounds"):
        for name, side in sides.items():
            began, began_busy = time.perf_counter(), time.process_time()
            side()
            seconds[name].append(time.perf_counter() - began)
            busy[name].append(time.process_time() - began_busy)

    def ratio(times: dict[str, list[float]]) -> float:
        return round(statistics.median(b / s for b, s in zip(times["bare"], times["scan"], strict=True)), 3)

    report = {
        "model": backbone.name,
        "layer": layer,
        "data": Path(source).name,
        "images": len(data),
        "size_px": size,
        "batch": batch,
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        **{f"{name}_per_s": round(len(data) / statistics.median(values), 1) for name, values in seconds.items()},
        "ratio": ratio(seconds),
        "cpu_ratio": ratio(busy),
    }
    click.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))


def _parts(count: int, batch: int) -> list[range]:
    return [range(first, min(first + batch, count)) for first in range(0, count, batch)]


if __name__ == "__main__":
    main()
