"""Make the sheets of docs/gallery/ that show InceptionV3 without and with each remedy, and results/remedies.csv.

Each sheet has the pictures without the remedy in its upper row and those with it below. A penalty makes pictures pale;
on its sheet the upper row has its tones spread, the middle one is as it is, and the lower one is the same, spread.
"""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np

LAYER, CHANNELS = "mixed6", [48, 62, 73, 91]
PENALTIES = {"l2": fv.L2(1e-2), "total_variation": fv.TotalVariation(2e-3)}
WRITTEN = {"l2": "L2", "fourier": "Fourier", "maco": "MACO"}
OCTAVES = 4
RECIPES = {
    "transformations": {"transforms": [fv.standard()]},
    "octaves": {"octaves": fv.Octaves(OCTAVES, 1.4)},
    "fourier": {"parameterization": fv.Fourier(), "transforms": [fv.standard()]},
    "maco": {"parameterization": fv.MACO(), "optimizer": fv.Adam(0.3), "transforms": [fv.standard()]},
}
REMEDIES = {name: {"penalties": [penalty]} for name, penalty in PENALTIES.items()} | RECIPES


def spread(images: np.ndarray) -> np.ndarray:
    """Spread the tones of each picture, but for 1 % at both ends, over all tones, as `fv.show(stretch=True)` does."""
    low, high = np.percentile(images, [1, 99], axis=(1, 2, 3), keepdims=True)
    return np.clip((images - low) / (high - low), 0, 1) * 2 - 1


def rows(name: str, base: np.ndarray, found: np.ndarray) -> dict[str, np.ndarray]:
    """Return what stands on a sheet: name -> a row of pictures."""
    remedy = WRITTEN.get(name, name.replace("_", " "))
    if name in PENALTIES:
        upper, lower = "pixel by pixel, tones spread", f"{remedy}, tones spread"
        return {upper: spread(base), remedy: found, lower: spread(found)}
    return {"pixel by pixel": base, remedy: found}


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
    found = {"none": base}
    for name, options in REMEDIES.items():
        own = {"steps": steps // OCTAVES} if "octaves" in options else {}  # as many steps in all
        found[name] = fv.maximize(backbone, units, **shared | options | own)
        figure = fv.compare(rows(name, base.images, found[name].images), [f"channel {one}" for one in CHANNELS])
        (out / f"remedy_{name}.jpg").write_bytes(figure.jpeg())
    measured = fv.study.account(backbone, units, found).rename_axis("remedy")
    measured["contrast"] /= measured.loc["none", "contrast"]
    measured = measured.rename(columns={"contrast": "contrast kept"}).round(2)
    measured.to_csv(table)
    click.echo(measured.to_string())


if __name__ == "__main__":
    main()
