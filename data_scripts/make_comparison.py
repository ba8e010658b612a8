"""Make docs/gallery/comparison.jpg with InceptionV3: one row per method, one column per channel, and its table.

Every picture gets the same number of steps from the same start; each method has the default of `fv.METHODS`. Tones are
spread for the eye, alike for all pictures; the numbers are those of the pictures as they came out.
"""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import featviz_helpers as fv
import matplotlib
import numpy as np
import pandas as pd

LAYER = "mixed6"
CHANNELS = [48, 62, 73, 91]
PUBLISHED_WITH_TRANSFORMS = ("Fourier", "MACO")  # their authors never use them without


def rows(backbone: fv.Backbone, steps: int, size: int) -> dict[str, fv.ascent.Result]:
    """Return a result per method, at its default."""
    defaults = {name: how.default for name, how in fv.METHODS.items()}
    alone = fv.run_methods(backbone, LAYER, CHANNELS, defaults, steps=steps, size=size)
    chosen = {name: defaults[name] for name in PUBLISHED_WITH_TRANSFORMS}
    transforms = [fv.standard()]
    joined = fv.run_methods(backbone, LAYER, CHANNELS, chosen, steps=steps, size=size, transforms=transforms)
    named = {"no regulariser" if name == "none" else name: result for name, (_, result) in alone.items()}
    return named | {f"{name}\n+ standard": result for name, (_, result) in joined.items()}


def table(backbone: fv.Backbone, results: dict[str, fv.ascent.Result]) -> pd.DataFrame:
    """Return what each method gains and pays, as means over the channels."""
    base = next(iter(results.values()))
    units = fv.channel(LAYER, CHANNELS)
    lines = {}
    for name, result in results.items():
        lines[name.replace("\n", " ")] = {
            "activation kept": f"{np.mean(result.activations / base.activations):.0%}",
            "energy above a quarter of the sampling rate": f"{fv.high_frequency(result.images).mean():.0%}",
            "activation left after rotations up to 5 degrees": (
                f"{fv.robustness(backbone, units, result.images, fv.Rotate(5)).mean():.0%}"
            ),
        }
    return pd.DataFrame(lines).T


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=128, show_default=True, help="Steps a picture.")
@click.option("--size", default=224, show_default=True, help="Pixels.")
def main(weights: str | None, out: Path, steps: int, size: int) -> None:
    matplotlib.use("Agg")
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)
    results = rows(backbone, steps, size)
    labels = [f"{LAYER}, channel {channel}" for channel in CHANNELS]
    figure = fv.compare(results, labels, inch=size / 80, stretch=True)
    figure.savefig(out / "comparison.jpg", dpi=80, pil_kwargs={"quality": 80})
    click.echo(table(backbone, results).to_markdown())


if __name__ == "__main__":
    main()
