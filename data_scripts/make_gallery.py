"""Make the pictures of docs/gallery/ with InceptionV3: two dreams of a photograph, and five channels of mixed6."""

from pathlib import Path

import click
import featviz_helpers as fv
from PIL import Image

CHANNELS = [0, 48, 62, 73, 91]
DREAMS = ("mixed3", "mixed6")
QUALITY = 80  # of the dreams' JPEGs, which travel inside notebook 01
PAGE = (640, 960)  # rows and columns of a dream: as wide as a notebook's page
SIZE = 176  # pixels: five channels side by side are as wide, too


def dreams(backbone: fv.Backbone, out: Path) -> None:
    """Write the dreams of a photograph, as wide as a notebook's page."""
    photo = fv.resize(fv.photograph("china")[None], PAGE)
    for layer in DREAMS:
        dream = fv.maximize(
            backbone,
            fv.layer(layer),
            start=photo,
            octaves=fv.Octaves(5, 1.4),
            transforms=[fv.Jitter(32)],
            steps=16,
            optimizer=fv.GradientAscent(0.02),
            seed=0,
        )
        picture = Image.fromarray(fv.to_uint8(dream.images[0]))
        picture.save(out / f"dream_{layer}.jpg", quality=QUALITY, optimize=True)


def strips(backbone: fv.Backbone, out: Path, steps: int) -> None:
    """Write the channels side by side, without and with help: no page shrinks them, which would hide the grain."""
    shared = {"steps": steps, "size": SIZE, "seed": 0}
    helped = {"parameterization": fv.Fourier(), "optimizer": fv.Adam(0.02), "transforms": [fv.Jitter(16)]}
    for name, options in {"am_mixed6": {}, "am_mixed6_fourier": helped}.items():
        result = fv.maximize(backbone, fv.channel("mixed6", CHANNELS), **shared | options)
        figure = fv.show(result.images, [f"channel {channel}" for channel in CHANNELS], columns=len(CHANNELS))
        (out / f"{name}.jpg").write_bytes(figure.jpeg())
        reached = zip(result.labels, result.activations, strict=True)
        click.echo(f"{name}: " + ", ".join(f"{unit} {activation:.1f}" for unit, activation in reached))


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=128, show_default=True, help="Steps of the channels' ascents.")
def main(weights: str | None, out: Path, steps: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)

    dreams(backbone, out)
    strips(backbone, out, steps)


if __name__ == "__main__":
    main()
