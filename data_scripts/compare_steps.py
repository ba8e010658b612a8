"""Compare Adam's steps with plain ones in waves with random transforms, on four networks; write a table and a sheet.

    python data_scripts/compare_steps.py          # about ten minutes on two cores

Adam moves all coefficients of a wave picture nearly alike, a plain step in proportion to the slope (notebook 07). Every
picture has the same start, transforms and number of steps. On the ShapesNets all channels of the default layer are
drawn and graded by the answer key, on the others some, evenly spaced.
"""

from __future__ import annotations

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
import pandas as pd
from featviz_helpers.metrics.answer_key import Grader

SPACING = {"lite0": 9, "inception_v3": 96, "shapesnet_plain": 1, "shapesnet": 1}  # of the channels
SIZES = {"lite0": 160, "inception_v3": 128}
OPTIMIZERS = {
    "Adam 0.02": fv.Adam(0.02),
    "Adam 0.01": fv.Adam(0.01),
    "plain 0.005": fv.GradientAscent(0.005),
    "plain 0.01": fv.GradientAscent(0.01),
    "plain 0.02": fv.GradientAscent(0.02),
}
USUAL = "Adam 0.02"
SHOWN = {"pixel by pixel": "pixels", "waves, Adam": USUAL, "waves, plain steps": "plain 0.005"}


def measure(model: str, weights: str | None, steps: int, sheet: Path) -> pd.DataFrame:
    """Draw and measure all pictures of a network: one row per way."""
    backbone = fv.load_model(model, weights=weights if model == "inception_v3" else None)
    layer = backbone.default_layer
    channels = list(range(0, backbone.layers[layer], SPACING[model]))
    units, size = fv.channel(layer, channels), SIZES.get(model, backbone.traits.study_size)
    shared = {"steps": steps, "size": size, "seed": 0, "dead": "mark"}
    waves = {"parameterization": fv.Fourier(), "transforms": [fv.standard()]}
    made = {"pixels": fv.maximize(backbone, units, optimizer=fv.Adam(0.02), **shared)}
    made |= {name: fv.maximize(backbone, units, optimizer=one, **shared, **waves) for name, one in OPTIMIZERS.items()}
    table = fv.study.account(backbone, units, made).rename_axis("way").reset_index()
    table = beside(table, "activation", {name: one.activations / made[USUAL].activations for name, one in made.items()})
    if backbone.traits.has_answer_key:
        grader = Grader(backbone, layer)
        grades = {name: grader.grade(one.images, channels)["grade"].to_numpy() for name, one in made.items()}
        table["grade"] = [np.nanmean(one) for one in grades.values()]
        table = beside(table, "grade", {name: one - grades[USUAL] for name, one in grades.items()})
    if model == "inception_v3":
        rows = {words: made[name].images for words, name in SHOWN.items()}
        figure = fv.compare(rows, [f"channel {channel}" for channel in channels], columns=4)
        sheet.write_bytes(figure.jpeg())
    about = {"model": model, "layer": layer, "channels": len(channels), "size": size, "steps": steps}
    return pd.concat([pd.DataFrame(about, index=table.index), table], axis=1)


def beside(table: pd.DataFrame, what: str, values: dict[str, np.ndarray]) -> pd.DataFrame:
    """Add the mean over channels of what each way has beside `USUAL`, with a 95 % interval by bootstrap."""
    rows = []
    for own in values.values():
        own = own[np.isfinite(own)]
        picks = np.random.default_rng(0).integers(0, len(own), (10_000, len(own)))
        rows.append([own.mean(), *np.quantile(own[picks].mean(axis=1), [0.025, 0.975])])
    names = [f"{what} beside {USUAL}", f"{what}, low", f"{what}, high"]
    return pd.concat([table, pd.DataFrame(rows, columns=names)], axis=1)


@click.command(help=__doc__.split("\n")[0])
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--table", type=click.Path(path_type=Path), default=Path("results/steps.csv"), show_default=True)
@click.option("--sheet", type=click.Path(path_type=Path), default=Path("docs/gallery/steps.jpg"), show_default=True)
@click.option("--steps", default=64, show_default=True, help="Steps of each ascent.")
def main(weights: str | None, table: Path, sheet: Path, steps: int) -> None:
    measured = pd.concat([measure(model, weights, steps, sheet) for model in SPACING], ignore_index=True)
    measured.round(3).to_csv(table, index=False)
    click.echo(measured.round(3).to_string())


if __name__ == "__main__":
    main()
