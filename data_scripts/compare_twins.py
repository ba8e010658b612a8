"""Measure what each method does on lite0, InceptionV3 and both ShapesNets, and add it to the card of ShapesNet-plain.

    python data_scripts/compare_twins.py                       # minutes on two cores
    python data_scripts/compare_twins.py --model shapesnet     # one network again; the others stay as they are
    python data_scripts/compare_twins.py --steps 0             # only the card again

Every picture gets the same number of steps from the same start, at the size of a study; each method has its default on
the network. On the ShapesNets all channels of the default layer are drawn, and graded by the answer key; on the others
four, evenly spaced. Graded as well is what no method made: of 3,200 fresh images the one that excites
a channel most, the same image with the magnitudes that MACO gives every picture, and one drawn blindly.
"""

from __future__ import annotations

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import pandas as pd
import tensorflow as tf
from featviz_helpers.common.files import write_text
from featviz_helpers.metrics.answer_key import PROPERTIES, Grader
from featviz_helpers.study.finished import TWINS
from featviz_helpers.study.methods import default

ROOT = Path(__file__).parents[1]
CARD = ROOT / "featviz_helpers" / "models" / "weights" / "shapesnet_plain.md"
NAMES = {
    "lite0": "lite0",
    "inception_v3": "InceptionV3",
    "shapesnet": "ShapesNet",
    "shapesnet_plain": "ShapesNet-plain",
}
FEW = 4
SHIFT = fv.Jitter(8)
CONTROLS = ("strongest image", "its phases, MACO's magnitudes", "any image")
FRESH = 9  # seed of the images of the controls; the key and its forest have drawn 1 to 3
HEADING = "\n## Beside other networks\n"


def measure(model: str, steps: int, seed: int = 0) -> pd.DataFrame:
    """Draw every method's pictures of a network, and return one row per picture."""
    backbone = fv.load_model(model)
    layer = backbone.default_layer
    count, graded = backbone.layers[layer], backbone.traits.has_answer_key
    channels = list(range(0, count, 1 if graded else count // FEW))
    grader = Grader(backbone, layer) if graded else None
    made = {}
    for name in [name for name, method in fv.METHODS.items() if not method.aligns]:  # the others need exemplars
        value = default(name, model)
        settings = {"steps": steps, "seeds": [seed], "size": backbone.traits.study_size, "dead": "mark"}
        _, result = fv.run_methods(backbone, layer, channels, {name: value}, **settings)[name]
        made[name] = value, result.images
    if graded:
        made |= {name: (np.nan, images) for name, images in controls(backbone, layer, seed).items()}
    return tabulate(backbone, layer, made, channels, grader)


def tabulate(
    backbone: fv.Backbone,
    layer: str,
    made: dict[str, tuple[float, np.ndarray]],
    channels: list[int],
    grader: Grader | None,
) -> pd.DataFrame:
    """Measure pictures that are there: a row per name of a method, with its value, and channel."""
    objective, tables = fv.channel(layer, channels), []
    for name, (value, images) in made.items():
        alive = np.isfinite(images).all(axis=(1, 2, 3))
        said = {"model": backbone.name, "layer": layer, "method": name, "value": value}
        table = pd.DataFrame(said | {"channel": channels})
        table["activation"] = np.where(alive, fv.score(backbone, objective, np.nan_to_num(images)), np.nan)
        table.loc[alive, "share"] = fv.high_frequency(images[alive])
        table["robustness"] = fv.robustness(backbone, objective, images, SHIFT)
        tables.append(pd.concat([table, grader.grade(images, channels)], axis=1) if grader else table)
    return pd.concat(tables, ignore_index=True)


def controls(backbone: fv.Backbone, layer: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Return each channel's strongest of 3,200 fresh images, its phases with MACO's magnitudes, and any image."""
    images = fv.shapes.draw(3200, FRESH, size=backbone.traits.study_size).images
    strongest = backbone.activations(images, layer).mean(axis=(1, 2)).argmax(axis=0)
    blind = np.random.default_rng(seed).integers(0, len(images), len(strongest))
    maco, best = fv.MACO(), images[strongest]
    phases = maco.decode(maco.encode(tf.constant(best)), *best.shape[1:3]).numpy()
    return dict(zip(CONTROLS, (best, phases, images[blind]), strict=True))


def _methods(table: pd.DataFrame) -> list[str]:
    return [name for name in table["method"].unique() if name not in CONTROLS]


def orderings(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per method and a column per network: share, robustness and activation kept, as one text."""
    columns = {}
    for model in table["model"].unique():
        label, own = NAMES[model], table[table["model"] == model].set_index("channel")
        base = own.loc[own["method"] == "none", "activation"]
        shares = own.assign(kept=own["activation"] / base[own.index].to_numpy())
        means = shares.groupby("method")[["share", "robustness", "kept"]].mean()
        columns[label] = means.apply(lambda row: " / ".join(f"{value:.2f}" for value in row), axis=1)
    return pd.DataFrame(columns).loc[_methods(table)].fillna("")


def differences(table: pd.DataFrame, draws: int = 2000) -> pd.DataFrame:
    """Return each method's grade minus that of `none`: the mean over channels with its 95 % bootstrap interval."""
    grades = table.pivot(index="channel", columns="method", values="grade")
    gains = grades[list(table["method"].unique())].sub(grades["none"], axis=0).dropna()
    drawn = np.random.default_rng(0).integers(0, len(gains), (draws, len(gains)))
    low, high = np.percentile(gains.to_numpy()[drawn].mean(axis=1), (2.5, 97.5), axis=0)
    return pd.DataFrame({"gain": gains.mean(), "low": low, "high": high})


def grades(table: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return a row per method: the mean grades of a network's channels, and the gain over `none`."""
    own = table[table["model"] == model]
    means = own.groupby("method")[[*PROPERTIES, "grade"]].mean().loc[own["method"].unique()].round(2)
    gain = differences(own).apply(lambda row: f"{row['gain']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})", axis=1)
    return means.assign(**{"against none": gain.mask(gain.index == "none", "")})


def section(table: pd.DataFrame) -> str:
    """Return the part of the card that compares the networks, as Markdown."""
    counts = table[table["method"] == "none"].groupby("model")["channel"].nunique()
    paragraphs = [
        HEADING.strip("\n"),
        "High-frequency share (energy above a quarter of the sampling rate) / share of the activation that survives "
        "shifts of up to 8 pixels / activation relative to `none`, as means over the channels "
        f"({', '.join(f'{NAMES[model]} {counts[model]}' for model in table['model'].unique())}); every method at its "
        "default on the network:",
        orderings(table).to_markdown(),
        "## What the answer key says",
        "Mean grades of pictures of all channels, 0 to 1: does a picture have the direction, fineness, hue and class "
        "that its channel prefers? The last column is the difference from `none` on the same channels, with its 95 % "
        "bootstrap interval over channels. The last three rows were made by no method: of 3,200 fresh images the one "
        "that excites the channel most, the same image with its own phases and MACO's magnitudes, and one drawn "
        "blindly. MACO's grade is largely built in: direction and fineness are read from magnitudes that it never "
        "changes.",
    ]
    for model in ("shapesnet_plain", "shapesnet"):
        paragraphs += [f"{NAMES[model]}:", grades(table, model).to_markdown()]
    return "\n" + "\n\n".join([*paragraphs, "Made by `python data_scripts/compare_twins.py`."]) + "\n"


@click.command(help=__doc__.split("\n")[0])
@click.option("--model", "models", multiple=True, type=click.Choice(list(NAMES)), help="Without it, all four.")
@click.option("--steps", default=64, show_default=True, help="Steps a picture; 0 makes only the card again.")
def main(models: tuple[str, ...], steps: int) -> None:
    for model in (models or NAMES) if steps else ():
        others = pd.read_parquet(TWINS) if TWINS.exists() else pd.DataFrame({"model": []})
        table = pd.concat([others[others["model"] != model], measure(model, steps)], ignore_index=True)
        table.to_parquet(TWINS, index=False)
    write_text(CARD, CARD.read_text().partition(HEADING)[0] + section(pd.read_parquet(TWINS)))


if __name__ == "__main__":
    main()
