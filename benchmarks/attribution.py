"""What does an attribution cost beside the calls of the network that it consists of?

For each method the floor is its number of forward passes, or of passes with the gradient at the image, times what one
of them costs per image in a bare compiled call of the same class scores in batches of 32. Rounds alternate between the
floor and the method, in one process, and the ratio is the median of each round's own ratio. Before it is timed each
method is called once; "traces" counts the functions that later calls, for other images and classes, compile again.
"""

import json
import statistics
import time
from collections.abc import Callable

import click
import featviz_helpers as fv
import numpy as np
import tensorflow as tf
from featviz_helpers import attribution
from tqdm import trange

BATCH = 32
STEPS = 32


def methods(size: int) -> dict[str, tuple[Callable, int, int, int]]:
    """Return name -> method, images, and forward passes and gradients per image."""
    windows = len(attribution.Windows.over((size, size), size // 7, size // 7)) + 1
    return {
        "saliency": (attribution.saliency, BATCH, 0, 1),
        "gradient x input": (attribution.gradient_times_input, BATCH, 0, 1),
        "guided backprop": (attribution.guided_backprop, BATCH, 0, 1),
        "deconvnet": (attribution.deconvnet, BATCH, 0, 1),
        "Grad-CAM": (attribution.grad_cam, BATCH, 0, 1),
        "guided Grad-CAM": (attribution.guided_grad_cam, BATCH, 0, 2),
        "SmoothGrad": (lambda *asked: attribution.smoothgrad(*asked, samples=STEPS), 4, 0, STEPS),
        "integrated gradients": (
            lambda *asked: attribution.integrated_gradients(*asked, steps=STEPS, tolerance=9.0), 4, 0, STEPS + 1,
        ),
        "occlusion": (lambda *asked: attribution.occlusion(*asked, stride=size // 7), 4, windows, 0),
        "Score-CAM": (lambda *asked: attribution.score_cam(*asked, channels=STEPS), 4, STEPS + 2, 0),
    }  # fmt: skip


def seconds(function: Callable, *arguments: object) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def bare(backbone: fv.Backbone) -> tuple[Callable, Callable]:
    """Return the compiled class scores, and the compiled gradient of one of them per image."""
    network = backbone.truncate("logits")

    @tf.function(reduce_retracing=True)
    def scores(pictures: tf.Tensor) -> tf.Tensor:
        return network(backbone.preprocess(pictures), training=False)

    @tf.function(reduce_retracing=True)
    def slopes(pictures: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            chosen = tf.gather(network(backbone.preprocess(pictures), training=False), classes, batch_dims=1)
        return tape.gradient(chosen, pictures)

    return scores, slopes


@click.command(help=__doc__)
@click.option("--model", default="lite0", show_default=True)
@click.option("--method", "chosen", multiple=True, type=click.Choice([*methods(224)]), help="Once or more; else all.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True)
def main(model: str, chosen: tuple[str, ...], rounds: int, as_json: bool) -> None:
    backbone = fv.load_model(model)
    size, generator = backbone.traits.native_size, np.random.default_rng(0)
    images = generator.uniform(-1, 1, (2, BATCH, size, size, 3)).astype(np.float32)
    classes = generator.integers(0, len(backbone.classes), (2, BATCH))
    scores, slopes = bare(backbone)
    batch, units = tf.constant(images[0]), tf.constant(classes[0])
    found = {}
    for name, (method, count, forwards, gradients) in methods(size).items():
        if chosen and name not in chosen:
            continue
        asked = [(backbone, fv.class_score(classes[i, :count].tolist()), images[i, :count]) for i in range(2)]
        scores(batch), slopes(batch, units), method(*asked[0])
        compiled, ratios, own = len(backbone.functions), [], []
        for number in trange(rounds, desc=name, leave=False):
            floor = forwards * seconds(lambda: scores(batch).numpy()) if forwards else 0.0
            floor += gradients * seconds(lambda: slopes(batch, units).numpy()) if gradients else 0.0
            own.append(seconds(method, *asked[1 - number % 2]))
            ratios.append(own[-1] / (floor * count / BATCH))
        found[name] = {
            "ratio": round(statistics.median(ratios), 2),
            "ms per image": round(1000 * statistics.median(own) / count, 1),
            "traces": len(backbone.functions) - compiled,
        }
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        for name, values in found.items():
            click.echo(f"{name:22}" + "  ".join(f"{key} {value}" for key, value in values.items()))


if __name__ == "__main__":
    main()
