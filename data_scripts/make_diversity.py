"""Make docs/gallery/diversity.jpg: channels of InceptionV3 four times over, without and with the diversity term."""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
from featviz_helpers import synthesis

LAYER = "mixed6"
CHANNELS = (48, 62, 91)
WEIGHTS = (0.0, 3.0, 30.0)


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=128, show_default=True, help="Steps of each picture.")
@click.option("--size", default=128, show_default=True, help="Side of a picture.")
@click.option("--count", default=4, show_default=True, type=click.IntRange(2), help="Pictures of each channel.")
def main(weights: str | None, out: Path, steps: int, size: int, count: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)
    cells = fv.grid(weight=WEIGHTS, channel=CHANNELS, picture=range(count))
    groups = np.arange(len(cells)) // count
    goal = fv.channel(LAYER, cells.channel) + cells.weight * synthesis.Diversity(LAYER, groups.tolist())
    recipe = {"parameterization": fv.Fourier(), "transforms": [fv.standard()], "optimizer": fv.Adam(0.02)}
    made = fv.maximize(backbone, goal, steps=steps, size=size, **recipe)
    pictures = made.images.reshape(-1, count, size, size, 3)
    alike = [synthesis.pairwise_similarity(backbone, group, LAYER) for group in pictures]
    reached = made.terms[:, 0].reshape(-1, count).mean(axis=1)
    names = [f"{channel}, weight {weight:g}" for weight in WEIGHTS for channel in CHANNELS]
    for name, cosine, activation in zip(names, alike, reached, strict=True):
        click.echo(f"channel {name}: cosine {cosine:.2f}, activation {activation:.2f}")
    by_channel = sorted(zip(names, pictures, strict=True), key=lambda row: int(row[0].partition(",")[0]))
    figure = fv.compare(dict(by_channel))
    (out / "diversity.jpg").write_bytes(figure.jpeg())


if __name__ == "__main__":
    main()
