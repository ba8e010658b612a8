"""Make the pictures of docs/gallery/ with InceptionV3: two dreams of a photograph, and five channels of mixed6."""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
from PIL import Image

CHANNELS = [0, 48, 62, 73, 91]
DREAMS = ("mixed3", "mixed6")
QUALITY = 80  # of the dreams' JPEGs, which travel inside notebook 01
PAGE = (640, 960)  # rows and columns of a dream: as wide as a notebook's page


def side_by_side(images: np.ndarray, gap: int = 6) -> np.ndarray:
    """Join (N, H, W, 3) images with white gaps between them."""
    white = np.ones((images.shape[1], gap, 3), np.float32)
    return np.concatenate([part for image in images for part in (image, white)][:-1], axis=1)


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=128, show_default=True, help="Steps of the channels' ascents.")
def main(weights: str | None, out: Path, steps: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)

    photo = fv.resize(fv.photograph("china")[None], PAGE)
    dreams = [
        fv.maximize(
            backbone,
            fv.layer(layer),
            start=photo,
            octaves=fv.Octaves(5, 1.4),
            transforms=[fv.Jitter(32)],
            steps=16,
            optimizer=fv.GradientAscent(0.02),
            seed=0,
        )
        for layer in DREAMS
    ]
    for layer, dream in zip(DREAMS, dreams, strict=True):
        picture = Image.fromarray(fv.to_uint8(dream.images[0]))
        picture.save(out / f"dream_{layer}.jpg", quality=QUALITY, optimize=True)

    units = fv.channel("mixed6", CHANNELS)
    base = fv.maximize(backbone, units, steps=steps, size=299, seed=0)
    fv.save_image(side_by_side(base.images), out / "am_mixed6.jpg")
    smooth = fv.maximize(
        backbone,
        units,
        steps=steps,
        size=299,
        seed=0,
        parameterization=fv.Fourier(),
        optimizer=fv.Adam(0.02),
        transforms=[fv.Jitter(16)],
    )
    fv.save_image(side_by_side(smooth.images), out / "am_mixed6_fourier.jpg")
    for name, result in {"no regulariser": base, "Fourier and jitter": smooth}.items():
        reached = zip(result.labels, result.activations, strict=True)
        click.echo(f"{name}: " + ", ".join(f"{unit} {activation:.1f}" for unit, activation in reached))


if __name__ == "__main__":
    main()
