"""Make docs/gallery/comparison*.jpg: one row per method, one column per channel or class, and the table of all rows.

Every picture gets the same number of steps from the same start; each method has its default on the network. Tones are
spread for the eye, alike for all pictures; the numbers are those of the pictures as they came out.
"""

from pathlib import Path

import click
import featviz_helpers as fv
import matplotlib
import numpy as np
import pandas as pd
from featviz_helpers.study.methods import default

# Per network: the end of a sheet's file name -> layer and numbers. Of lite0's, channel 70 and class 885 are dull ones.
SHEETS = {
    "inception_v3": {"": ("auto", [48, 62, 73, 91])},
    "lite0": {"_lite0": ("auto", [65, 73, 102, 70]), "_lite0_classes": ("logits", [113, 292, 309, 885])},
}
# The values in study/methods.py were chosen on these, so that the sheets show how the values do on units that had no
# say in them.
TUNED_ON = {"lite0": {"auto": [27, 76, 82], "logits": [340, 985]}}


def rows(backbone: fv.Backbone, layer: str, units: list[int], steps: int, size: int) -> dict[str, fv.ascent.Result]:
    """Return a result per method that needs no exemplars, at its default."""
    chosen = {name: default(name, backbone.name) for name, method in fv.METHODS.items() if not method.aligns}
    results = fv.run_methods(backbone, layer, units, chosen, steps=steps, size=size)
    shown = {name: name.replace(" + ", "\n+ ") for name in results} | {"none": "no regulariser"}
    return {shown[name]: result for name, (_, result) in results.items()}


def measures(backbone: fv.Backbone, layer: str, units: list[int], results: dict[str, fv.ascent.Result]) -> pd.Series:
    """Return what each method gains and pays, as means over the units: three shares in one text."""
    base = next(iter(results.values()))
    objective = fv.channel(layer, units)
    lines = {}
    for name, result in results.items():
        shares = (
            np.mean(result.activations / base.activations),
            fv.high_frequency(result.images).mean(),
            fv.robustness(backbone, objective, result.images, fv.Rotate(5)).mean(),
        )
        lines[name.replace("\n", " ")] = " / ".join(f"{100 * share:.0f}" for share in shares)
    return pd.Series(lines)


def captions(backbone: fv.Backbone, layer: str, units: list[int]) -> list[str]:
    """Return the names above the columns."""
    if layer == "logits":
        return [f"class {number}, {backbone.classes[number]}" for number in units]
    return [f"{backbone.resolve(layer)}, channel {number}" for number in units]


@click.command(help=__doc__)
@click.option("--model", type=click.Choice(list(SHEETS)), default="inception_v3", show_default=True)
@click.option("--weights", default=None, help="The network's weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=128, show_default=True, help="Steps a picture.")
@click.option("--size", type=int, help="Pixels; without it, what suits the network.")
@click.option("--quality", default=80, show_default=True, help="Of the JPEG, up to 95.")
def main(model: str, weights: str | None, out: Path, steps: int, size: int | None, quality: int) -> None:
    matplotlib.use("Agg")
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model(model, weights=weights)
    size = size or backbone.traits.picture_size
    columns = {}
    for ending, (layer, units) in SHEETS[model].items():
        results = rows(backbone, layer, units, steps, size)
        figure = fv.compare(results, captions(backbone, layer, units), stretch=True)
        figure.savefig(out / f"comparison{ending}.jpg", bbox_inches="tight", pil_kwargs={"quality": quality})
        columns[f"{model}, {backbone.resolve(layer)}"] = measures(backbone, layer, units, results)
    click.echo("In each cell: activation kept / energy above a quarter of the sampling rate / activation left after")
    click.echo("rotations up to 5 degrees, in %.")
    click.echo(pd.DataFrame(columns).to_markdown())


if __name__ == "__main__":
    main()
