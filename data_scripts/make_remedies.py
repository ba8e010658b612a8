"""Make the sheets of docs/gallery/ that show what a penalty does to InceptionV3.

The upper row is without it, the middle one with it, and the lower one is the middle one with its tones spread.
"""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import featviz_helpers as fv
import numpy as np
from featviz_helpers.ascent.result import Result
from PIL import Image

LAYER, CHANNELS = "mixed6", [48, 62, 73, 91]
PENALTIES = {"l2": fv.L2(1e-2), "total_variation": fv.TotalVariation(2e-3)}
GAP = 6  # pixels of white between two pictures
QUALITY = 75  # of the JPEG


def sheet(rows: list[np.ndarray]) -> np.ndarray:
    """Join batches (N, H, W, 3) to one picture, a row for each, with white gaps."""
    padded = [np.pad(row, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=1.0) for row in rows]
    return np.concatenate([np.concatenate(list(row), axis=1) for row in padded])[:-GAP, :-GAP]


def spread(images: np.ndarray) -> np.ndarray:
    """Spread the tones of each picture, but for 1 % at both ends, over all tones, as `fv.show(stretch=True)` does."""
    low, high = np.percentile(images, [1, 99], axis=(1, 2, 3), keepdims=True)
    return np.clip((images - low) / (high - low), 0, 1) * 2 - 1


def figures(backbone: fv.Backbone, result: Result, base: Result) -> str:
    """Describe a result by the measures of notebooks 02 to 04."""
    contrast = [np.sqrt(np.mean(np.square(one.images), axis=(1, 2, 3))) for one in (result, base)]
    moved = fv.robustness(backbone, fv.channel(LAYER, CHANNELS), result.images, fv.Jitter(8))
    return (
        f"contrast kept {np.mean(contrast[0] / contrast[1]):.2f}, "
        f"share of high frequencies {fv.high_frequency(result.images).mean():.2f}, robustness {moved.mean():.2f}, "
        f"activation kept {np.round(result.activations / base.activations, 2)}"
    )


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--steps", default=96, show_default=True, help="Steps of each ascent.")
@click.option("--size", default=192, show_default=True, help="Side of a picture.")
def main(weights: str | None, out: Path, steps: int, size: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)
    units = fv.channel(LAYER, CHANNELS)
    settings = {"steps": steps, "size": size, "seed": 0, "optimizer": fv.Adam(0.02)}
    base = fv.maximize(backbone, units, **settings)
    click.echo(f"none: {figures(backbone, base, base)}")
    for name, penalty in PENALTIES.items():
        found = fv.maximize(backbone, units, penalties=[penalty], **settings)
        click.echo(f"{name}: {figures(backbone, found, base)}")
        pixels = np.clip(sheet([base.images, found.images, spread(found.images)]) * 127.5 + 127.5, 0, 255).astype(
            np.uint8
        )
        Image.fromarray(pixels).save(out / f"remedy_{name}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
