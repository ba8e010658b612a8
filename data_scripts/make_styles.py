"""Make docs/gallery/styles.jpg: photographs painted with textures by InceptionV3, without and with a cure of the grain.

All pictures come with the dependencies of the course; `data.PHOTOGRAPHS` names their authors and licences.
"""

import time
from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
from featviz_helpers import synthesis

PAIRS = {"rocket": "gravel", "china": "hubble", "cat": "tissue"}
HEADINGS = ["a rocket of gravel", "a temple of galaxies", "a cat of tissue"]


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=200, show_default=True, help="Steps of each picture.")
@click.option("--size", default=256, show_default=True, help="Side of a picture.")
@click.option("--weight", default=0.6, show_default=True, help="Of the content, beside 1 for the style.")
def main(weights: str | None, out: Path, steps: int, size: int, weight: float) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)
    content, style = (np.stack([fv.photograph(name, size) for name in names]) for names in (PAIRS, PAIRS.values()))
    rows = {"content": content, "style": style}
    waves, averaged = (fv.Fourier(), [fv.Jitter(4)]), fv.models.average_pooling(backbone)
    ways = {
        "in pixels": (backbone, fv.Pixels(), []),
        "in pixels, average pooling": (averaged, fv.Pixels(), []),
        "Fourier, jitter": (backbone, *waves),
        "Fourier, jitter, average pooling": (averaged, *waves),
    }
    for name, (network, space, transforms) in ways.items():
        begun = time.perf_counter()
        options = {"parameterization": space, "transforms": transforms, "optimizer": fv.Adam(0.02)}
        made = synthesis.style_transfer(network, content, style, content_weight=weight, steps=steps, **options)
        seconds = (time.perf_counter() - begun) / len(content)
        fine = ", ".join(f"{share:.2f}" for share in fv.high_frequency(made.images))
        reached = ", ".join(f"{distance:.2f}" for distance in made.terms.mean(axis=0))
        click.echo(f"{name}: {seconds:.0f} s a picture, above a quarter of the sampling rate {fine}, terms {reached}")
        rows[name] = made.images
    figure = fv.compare(rows, HEADINGS)
    (out / "styles.jpg").write_bytes(figure.jpeg())


if __name__ == "__main__":
    main()
