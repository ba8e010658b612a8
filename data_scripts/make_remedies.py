"""Make the sheets of docs/gallery/ that show InceptionV3 without and with each remedy, and results/remedies.csv.

Each sheet has the pictures without the remedy in its upper row and those with it below. A penalty makes pictures pale;
on its sheet the upper row has its tones spread, the middle one is as it is, and the lower one is the same, spread.
"""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import pandas as pd
from featviz_helpers.ascent.result import Result
from PIL import Image

LAYER, CHANNELS = "mixed6", [48, 62, 73, 91]
PENALTIES = {"l2": fv.L2(1e-2), "total_variation": fv.TotalVariation(2e-3)}
OCTAVES = 4
RECIPES = {
    "transformations": {"transforms": [fv.standard()]},
    "octaves": {"octaves": fv.Octaves(OCTAVES, 1.4)},
    "fourier": {"parameterization": fv.Fourier(), "transforms": [fv.standard()]},
    "maco": {"parameterization": fv.MACO(), "optimizer": fv.Adam(0.3), "transforms": [fv.standard()]},
}
REMEDIES = {name: {"penalties": [penalty]} for name, penalty in PENALTIES.items()} | RECIPES
QUALITY = 75  # of the JPEGs
GAP = 6  # pixels of white between two pictures


def sheet(rows: list[np.ndarray]) -> np.ndarray:
    """Join batches (N, H, W, 3) to one picture, a row for each, with white gaps."""
    padded = [np.pad(row, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=1.0) for row in rows]
    return np.concatenate([np.concatenate(list(row), axis=1) for row in padded])[:-GAP, :-GAP]


def spread(images: np.ndarray) -> np.ndarray:
    """Spread the tones of each picture, but for 1 % at both ends, over all tones, as `fv.show(stretch=True)` does."""
    low, high = np.percentile(images, [1, 99], axis=(1, 2, 3), keepdims=True)
    return np.clip((images - low) / (high - low), 0, 1) * 2 - 1


def measures(backbone: fv.Backbone, result: Result, base: Result) -> dict[str, float]:
    """Return what notebooks 02 to 04 measure, as means over the channels."""
    contrast = [np.sqrt(np.mean(np.square(one.images), axis=(1, 2, 3))) for one in (result, base)]
    moved = fv.robustness(backbone, fv.channel(LAYER, CHANNELS), result.images, fv.Jitter(8))
    kept = result.activations / base.activations
    return {
        "contrast kept": np.mean(contrast[0] / contrast[1]),
        "share of high frequencies": fv.high_frequency(result.images).mean(),
        "robustness": moved.mean(),
        "activation kept": kept.mean(),
        "lowest kept": kept.min(),
    }


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--table", type=click.Path(path_type=Path), default=Path("results/remedies.csv"), show_default=True)
@click.option("--steps", default=96, show_default=True, help="Steps of each ascent.")
@click.option("--size", default=192, show_default=True, help="Side of a picture.")
def main(weights: str | None, out: Path, table: Path, steps: int, size: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)
    units = fv.channel(LAYER, CHANNELS)
    shared = {"steps": steps, "size": size, "seed": 0, "optimizer": fv.Adam(0.02)}
    base = fv.maximize(backbone, units, **shared)
    rows = {"none": measures(backbone, base, base)}
    for name, options in REMEDIES.items():
        own = {"steps": steps // OCTAVES} if "octaves" in options else {}  # as many steps in all
        found = fv.maximize(backbone, units, **shared | options | own)
        rows[name] = measures(backbone, found, base)
        pale = name in PENALTIES
        pictures = [spread(base.images), found.images, spread(found.images)] if pale else [base.images, found.images]
        Image.fromarray(fv.to_uint8(sheet(pictures))).save(out / f"remedy_{name}.jpg", quality=QUALITY, optimize=True)
    measured = pd.DataFrame(rows).T.rename_axis("remedy").round(2)
    measured.to_csv(table)
    click.echo(measured.to_string())


if __name__ == "__main__":
    main()
