"""Make docs/gallery/diversity_mixed6.jpg: four pictures of one channel of InceptionV3, without and with the diversity
term, and print what the term costs."""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
from featviz_helpers import synthesis

LAYER, COUNT = "mixed6", 4


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--channel", default=62, show_default=True)
@click.option("--weight", default=1.0, show_default=True, help="Of the diversity term.")
@click.option("--steps", default=96, show_default=True, help="Steps of the ascent.")
@click.option("--size", default=192, show_default=True, help="Side of a picture.")
def main(weights: str | None, out: Path, channel: int, weight: float, steps: int, size: int) -> None:
    backbone = fv.load_model("inception_v3", weights=weights)
    rates = np.repeat([0.0, weight], COUNT)
    goal = fv.channel(LAYER, [channel] * len(rates)) + rates * synthesis.Diversity(LAYER, np.repeat([0, 1], COUNT))
    space = {"parameterization": fv.Fourier(), "transforms": [fv.standard()], "optimizer": fv.Adam(0.02)}
    made = fv.maximize(backbone, goal, steps=steps, size=size, **space)
    halves = {"channel alone": made.images[:COUNT], "with the diversity term": made.images[COUNT:]}
    for name, pictures, strong in zip(halves, halves.values(), np.split(made.terms[:, 0], 2), strict=True):
        cosine = synthesis.pairwise_similarity(backbone, pictures, LAYER)
        click.echo(f"{name}: mean cosine {cosine:.2f}, activation {strong.mean():.2f}")
    figure = fv.compare(halves, [f"picture {number + 1}" for number in range(COUNT)])
    (out / "diversity_mixed6.jpg").write_bytes(figure.jpeg())


if __name__ == "__main__":
    main()
