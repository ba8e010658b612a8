"""Put every method of attribution to the tests of notebook 12, on lite0 and on both ShapesNets.

    python data_scripts/judge_attribution.py --model shapesnet --model shapesnet_plain
    python data_scripts/judge_attribution.py --model lite0 --images FOLDER --count 8 --mosaics 3 --steps 16

These two commands made results/attribution.csv: 32 images of Shapes, 24 mosaics and 32 steps for each ShapesNet, and 8
photographs, 3 mosaics and 16 steps for lite0. Where a map has one value everywhere it has no rank correlation, and n is
the number of images that have one. The file was made before the row "left over" was there.

lite0 is asked about photographs that it gets right, one per class, out of FOLDER with a folder for each class number,
as ImageNetV2 has them (`featviz fetch imagenetv2-matched-frequency`); the ShapesNets about fresh images of Shapes. Each
row of results/attribution.csv is a method and a test: mean over the images, with a bootstrap interval of 95 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import pandas as pd
import tensorflow as tf
from featviz_helpers import attribution
from tqdm import tqdm

ROOT = Path(__file__).parents[1]
OUT = ROOT / "results" / "attribution.csv"
MODELS = ("lite0", "shapesnet", "shapesnet_plain")
FRESH = 11  # seed of the images; the key and its forest have drawn 1 to 3
OBJECTS = [name for name, key in fv.shapes.CLASS_KEY.items() if key["shape"]]


def integrated(steps: int) -> Callable[..., attribution.Integrated]:
    """Return integrated gradients with these steps, complete or not."""
    return lambda *asked: attribution.integrated_gradients(*asked, steps=steps, tolerance=9.0)


def methods(steps: int) -> dict[str, Callable]:
    """Return name -> method; `steps` bounds those that ask many times."""
    return {
        "gradient": attribution.saliency,
        "gradient x image": attribution.gradient_times_input,
        "SmoothGrad": lambda *asked: attribution.smoothgrad(*asked, samples=steps // 2),
        "integrated": lambda *asked: integrated(steps)(*asked).maps,
        "guided": lambda *asked: attribution.magnitude(attribution.guided_backprop(*asked)),
        "deconvnet": lambda *asked: attribution.magnitude(attribution.deconvnet(*asked)),
        "Grad-CAM": attribution.grad_cam,
        "guided Grad-CAM": lambda *asked: attribution.magnitude(attribution.guided_grad_cam(*asked)),
        "Score-CAM": lambda *asked: attribution.score_cam(*asked, channels=steps),
        "occlusion": lambda *asked: attribution.occlusion(
            *asked, window=asked[2].shape[1] // 7, stride=asked[2].shape[1] // 7
        ),
    }


CONTROLS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "edge filter": attribution.controls.edges,
    "centre blob": attribution.controls.centre_blob,
    "random": attribution.controls.random_map,
}


def known_images(backbone: fv.Backbone, count: int, folder: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Return images of different classes that the network gets right, and their classes."""
    if backbone.traits.images == "shapes":
        drawn = fv.shapes.draw(4 * count, FRESH)
        images, labels = drawn.images, drawn.labels
    else:
        paths = sorted(path for path in folder.iterdir() if path.is_dir())
        paths = [paths[i] for i in np.random.default_rng(0).permutation(len(paths))[: 2 * count]]
        images = np.stack([fv.load_image(sorted(path.iterdir())[0], backbone.traits.native_size) for path in paths])
        labels = np.array([int(path.name) for path in paths])
    right = np.flatnonzero(backbone.activations(images, "logits").argmax(axis=1) == labels)[:count]
    return images[right], labels[right]


def tests(backbone: fv.Backbone, images: np.ndarray, labels: np.ndarray, mosaics: int, steps: int) -> Iterator[tuple]:
    """Yield method, test and one value per image."""
    own = fv.class_score(labels.tolist())
    others = np.roll(labels, 1)
    other, differ = fv.class_score(others.tolist()), others != labels
    forgetful = {
        "class scores shuffled": attribution.randomised(backbone, ["logits"], 1),
        "all shuffled": attribution.randomised(backbone, seed=1),
        "all shuffled, batch norm measured anew": attribution.randomised(backbone, seed=1, images=images),
    }
    grid = attribution.mosaics(images, labels, mosaics)
    drawn = fv.shapes.draw(96, FRESH + 1, classes=OBJECTS, masks=True)
    named = fv.class_score(drawn.labels.tolist())
    shapes, edges = backbone.traits.images == "shapes", attribution.controls.edges(images)
    for name, method in tqdm(methods(steps).items(), desc=backbone.name):
        maps = method(backbone, own, images)
        yield name, "another class", attribution.rank_correlation(maps, method(backbone, other, images))[differ]
        if name == "integrated":  # the share of the difference of the scores by which a map does not add up
            yield name, "left over", integrated(steps)(backbone, own, images).error
        yield name, "edge filter", attribution.rank_correlation(maps, edges)
        for what, network in forgetful.items():
            yield name, what, attribution.rank_correlation(maps, method(network, own, images))
        yield name, "right quarter", attribution.grid_pointing(method, backbone, grid).mean(axis=1)
        if shapes:
            yield (
                name,
                "inside the object",
                attribution.share_inside(method(backbone, named, drawn.images), drawn.masks),
            )
        yield from _removal(backbone, name, images, labels, maps)
    for name, control in CONTROLS.items():
        if shapes:
            yield name, "inside the object", attribution.share_inside(control(drawn.images), drawn.masks)
        yield from _removal(backbone, name, images, labels, control(images))


def _removal(backbone: fv.Backbone, name: str, images: np.ndarray, labels: np.ndarray, maps: np.ndarray) -> Iterator:
    for baseline in ("grey", "blur"):
        curves = attribution.removal_curves(backbone, labels.tolist(), images, maps, baseline, points=11)
        yield name, f"deletion, {baseline}", curves.deletion_area
        yield name, f"insertion, {baseline}", curves.insertion_area
        yield name, f"gain, {baseline}", curves.relevance_gain


def summary(values: np.ndarray, seed: int = 0) -> dict[str, float]:
    """Return mean, interval of 95 % (bootstrap over the images) and their number; NaN of no finite value."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {"mean": np.nan, "low": np.nan, "high": np.nan, "n": 0}
    drawn = np.random.default_rng(seed).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"mean": values.mean(), "low": low, "high": high, "n": len(values)}


@click.command(help=__doc__)
@click.option("--model", "models", multiple=True, type=click.Choice(MODELS), help="Once or more; all by default.")
@click.option("--images", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="For lite0.")
@click.option(
    "--count", type=click.IntRange(4), default=16, show_default=True, help="Images of lite0; twice as many Shapes."
)
@click.option("--mosaics", type=click.IntRange(1), default=12, show_default=True)
@click.option("--steps", type=click.IntRange(2), default=32, show_default=True, help="Of the methods that ask often.")
def main(models: tuple[str, ...], folder: Path | None, count: int, mosaics: int, steps: int) -> None:
    models = models or MODELS
    if "lite0" in models and folder is None:
        raise click.UsageError("lite0 needs --images, a folder with a folder for each class number.")
    for model in models:
        backbone = fv.load_model(model)
        factor = 2 if backbone.traits.images == "shapes" else 1
        images, labels = known_images(backbone, factor * count, folder)
        found = [
            {"model": model, "method": name, "test": test} | summary(values)
            for name, test, values in tests(backbone, images, labels, factor * mosaics, steps)
        ]
        tf.keras.backend.clear_session()
        before = pd.read_csv(OUT) if OUT.exists() else pd.DataFrame({"model": []})
        table = pd.concat([before[before["model"] != model], pd.DataFrame(found)], ignore_index=True)
        table.round(4).to_csv(OUT, index=False)
        click.echo(pd.DataFrame(found).pivot(index="method", columns="test", values="mean").round(2).T.to_string())


if __name__ == "__main__":
    main()
