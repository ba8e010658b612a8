"""How much does the engine add to the bare forward and gradient of the network?

Both sides do the same work on the same truncated, folded network: the gradient of the mean activation of one channel
per image, for a batch of images. The bare side is one compiled call per step and nothing else; the engine's side is
`fv.maximize`, with its steps, history, clipping, Adam, final evaluation and the way in and out. Rounds alternate in one
process, and medians are reported, because a single timing on a shared machine means little.

With --full a third side takes part: the engine with every kind of penalty (L2, 6-norm, total variation) and with the
standard transformation (pad, jitter, scale, rotate, jitter).

"peak_share" says how much is left to gain: the floating-point operations of a forward pass and its gradient, divided by
the time of the engine, as a share of what the same machine reaches in a plain product of two large matrices.
"""

import json
import statistics
import time
from functools import partial

import click
import featviz_helpers as fv
import keras
import numpy as np
import tensorflow as tf
from featviz_helpers.ascent import step as engine
from tqdm import trange


def seconds(function, *arguments) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def operations(network: keras.Model, size: int) -> float:
    """Return the floating-point operations of an image's forward pass and its gradient with respect to the image."""
    profiler = tf.compat.v1.profiler
    forward = tf.function(lambda pictures: network(pictures, training=False))
    graph = forward.get_concrete_function(tf.TensorSpec((1, size, size, 3))).graph
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    return 2.0 * profiler.profile(graph, options=options).total_float_ops


def matrix_peak(precision: str, side: int = 4096, products: int = 4, rounds: int = 5) -> float:
    """Return the floating-point operations a second of products of square matrices, the best of several rounds."""
    dtype = keras.dtype_policies.get(precision).compute_dtype
    left, right = (tf.cast(tf.random.stateless_uniform((side, side), (seed, 0)), dtype) / side for seed in (0, 1))

    @tf.function
    def chain(matrix: tf.Tensor) -> tf.Tensor:
        for _ in range(products):
            matrix = matrix @ right
        return matrix[0, 0]

    chain(left).numpy()
    return 2.0 * side**3 * products / min(seconds(lambda: chain(left).numpy()) for _ in range(rounds))


@click.command(help=__doc__)
@click.option("--model", default="inception_v3", show_default=True)
@click.option("--weights", default=None, help="Weights file; without it, what load_model finds.")
@click.option("--layer", default="auto", show_default=True)
@click.option("--images", default=4, show_default=True)
@click.option("--size", default=224, show_default=True, help="Pixels.")
@click.option("--steps", default=32, show_default=True, help="Steps a round.")
@click.option("--rounds", default=11, show_default=True)
@click.option("--full", is_flag=True, help="Also with all penalties and the standard transformation.")
@click.option("--jit", is_flag=True, help="The engine's loop compiled by XLA.")
@click.option("--precision", default="float32", show_default=True, help="Of the network, on both sides.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(
    model: str,
    weights: str,
    layer: str,
    images: int,
    size: int,
    steps: int,
    rounds: int,
    full: bool,
    jit: bool,
    precision: str,
    as_json: bool,
) -> None:
    tf.get_logger().setLevel("ERROR")  # the profiler calls one of TensorFlow's own old functions
    backbone = fv.load_model(model, weights=weights)
    layer = backbone.resolve(layer)
    network, total = backbone.truncate(layer, precision=precision), backbone.layers[layer]

    @tf.function
    def bare(pictures: tf.Tensor, channels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            means = tf.reduce_mean(network(pictures, training=False), axis=[1, 2])
            value = tf.reduce_sum(tf.gather(means, channels, batch_dims=1))
        return tape.gradient(value, pictures)

    noise = tf.constant(fv.noise(size, range(images), range(images), 0.1))
    channels = [int(channel) for channel in np.linspace(0, total - 1, images)]

    def bare_round() -> None:
        for _ in range(steps):
            answer = bare(noise, tf.constant(channels))
        answer.numpy()

    def engine_call(channels: list[int], count: int, **options: object) -> None:
        objective = fv.channel(layer, channels)
        options |= {"steps": count, "size": size, "jit": jit, "precision": precision, "batch": images}
        fv.maximize(backbone, objective, dead="mark", progress=False, **options)

    penalties, transforms = [fv.L2(1e-4), fv.Norm(1e-4), fv.TotalVariation(5e-4)], [fv.standard()]
    sides = {"engine": {}}
    if full:
        sides |= {"penalties": {"penalties": penalties}, "transforms": {"transforms": transforms}}
        sides["full"] = {"penalties": penalties, "transforms": transforms}

    first = seconds(engine_call, channels, steps)
    bare_round()
    begin = {name: seconds(partial(engine_call, channels, steps, **options)) for name, options in sides.items()}
    times = {name: [] for name in ("bare", "one step", *sides)}
    for turn in trange(rounds, disable=as_json, desc="rounds"):
        times["bare"].append(seconds(bare_round))
        for name, options in sides.items():
            times[name].append(seconds(partial(engine_call, channels, steps, **options)))
        others = [(channel + turn + 1) % total for channel in channels]
        times["one step"].append(seconds(engine_call, others, 1))
    per = 1000.0 / (steps * images)
    ms = {name: statistics.median(values) * per for name, values in times.items()}

    def ratio(name: str) -> float:
        return round(statistics.median(own / bare for own, bare in zip(times[name], times["bare"], strict=True)), 3)

    report = {
        "model": backbone.name,
        "layer": layer,
        "images": images,
        "size_px": size,
        "device": "GPU" if tf.config.list_physical_devices("GPU") else "CPU",
        "precision": precision,
        "jit": jit,
        "bare_ms": round(ms["bare"], 3),
        "engine_ms": round(ms["engine"], 3),
        "ratio": ratio("engine"),
        "first_call_s": round(first, 2),
        # A call for other channels, less the time of its one step: what it costs to come and go.
        "second_call_s": round(statistics.median(times["one step"]) - ms["engine"] * images / 1000.0, 3),
        "gflop": round(operations(network, size) / 1e9, 2),
        "peak_share": round(1e3 * operations(network, size) / ms["engine"] / matrix_peak(precision), 3),
        "traces": max(engine.trace_counts(backbone).values()),
    }
    for name in [name for name in sides if name != "engine"]:
        report[f"{name}_ms"], report[f"{name}_ratio"] = round(ms[name], 2), ratio(name)
        report[f"{name}_begins_s"] = round(begin[name] - statistics.median(times[name]), 2)
    click.echo(json.dumps(report) if as_json else json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
