"""Make the sheets of docs/gallery/ that show InceptionV3 without and with each remedy, and results/remedies.csv.

Each sheet has the pictures without the remedy in its upper row and those with it below; above each picture stand its
share of high frequencies and the activation kept. A penalty makes pictures pale; on its sheet the upper row has its
tones spread, the middle one is as it is, and the lower one is the same, spread.
"""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import pandas as pd
from featviz_helpers.ascent.result import Result

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
WORDS = {"fourier": "waves, transforms", "maco": "MACO, transforms"}  # above pictures; other remedies by their name


def sheet(base: Result, found: Result, words: str, pale: bool) -> bytes:
    """Draw the pictures of a remedy below those of the base, as a JPEG.

    Args:
        base, found: without and with the remedy.
        words: what the remedy is called.
        pale: spread the tones of the base, and show those of the remedy as they are and spread.
    """
    rows = [("pixel by pixel", base, pale), (words, found, False), *([(words, found, True)] if pale else [])]
    pictures, labels = [], []
    for name, result, wide in rows:
        pictures += list(spread(result.images) if wide else result.images)
        shares, kept = fv.high_frequency(result.images), result.activations / base.activations
        numbers = zip(CHANNELS, shares, kept, strict=True)
        tones = ", spread" if wide else ""
        labels += [f"channel {c}\n{name}{tones}\nshare {share:.2f}, kept {left:.2f}" for c, share, left in numbers]
    return fv.show(pictures, labels, columns=len(base)).file("jpeg")


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
@click.option("--only", multiple=True, type=click.Choice(list(REMEDIES)), help="These sheets, and no table.")
def main(weights: str | None, out: Path, table: Path, steps: int, size: int, only: tuple[str, ...]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)
    units = fv.channel(LAYER, CHANNELS)
    shared = {"steps": steps, "size": size, "seed": 0, "optimizer": fv.Adam(0.02)}
    base = fv.maximize(backbone, units, **shared)
    rows = {"none": measures(backbone, base, base)}
    for name in only or REMEDIES:
        options = REMEDIES[name]
        own = {"steps": steps // OCTAVES} if "octaves" in options else {}  # as many steps in all
        found = fv.maximize(backbone, units, **shared | options | own)
        rows[name] = measures(backbone, found, base)
        jpeg = sheet(base, found, WORDS.get(name, name.replace("_", " ")), name in PENALTIES)
        (out / f"remedy_{name}.jpg").write_bytes(jpeg)
    measured = pd.DataFrame(rows).T.rename_axis("remedy").round(2)
    if not only:
        measured.to_csv(table)
    click.echo(measured.to_string())


if __name__ == "__main__":
    main()
