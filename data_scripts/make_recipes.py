"""Make the pictures of docs/gallery/ that show InceptionV3 without and with a recipe of notebooks 05 to 07."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import featviz_helpers as fv
import numpy as np
from PIL import Image

LAYER, CHANNELS = "mixed6", [48, 62, 73, 91]
SIZE, STEPS, GAP = 192, 96, 6
QUALITY = 75
RECIPES = {
    "transformations": {"transforms": [fv.standard()]},
    "octaves": {"octaves": fv.Octaves(4, 1.4), "steps": STEPS // 4},
    "fourier": {"parameterization": fv.Fourier(), "transforms": [fv.standard()]},
    "maco": {"parameterization": fv.MACO(), "optimizer": fv.Adam(0.3), "transforms": [fv.standard()]},
}


def in_rows(batches: list[np.ndarray]) -> np.ndarray:
    """Lay batches (N, H, W, 3) out under each other, with white gaps."""
    padded = [np.pad(batch, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=1) for batch in batches]
    rows = [np.concatenate(list(batch), axis=1) for batch in padded]
    return np.concatenate(rows)[:-GAP, :-GAP]


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice([*RECIPES]))
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
def main(names: tuple[str, ...], weights: str | None, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model("inception_v3", weights=weights)
    units = fv.channel(LAYER, CHANNELS)
    shared = {"steps": STEPS, "size": SIZE, "seed": 0, "optimizer": fv.Adam(0.02)}
    base = fv.maximize(backbone, units, **shared)
    click.echo(f"none: high-frequency share {fv.high_frequency(base.images).mean():.2f}")
    for name in names or RECIPES:
        result = fv.maximize(backbone, units, **shared | RECIPES[name])
        pixels = fv.to_uint8(in_rows([base.images, result.images]))
        Image.fromarray(pixels).save(out / f"remedy_{name}.jpg", quality=QUALITY)
        kept = (result.activations / base.activations).mean()
        robust = [np.mean(fv.robustness(backbone, units, one.images, fv.Jitter(8))) for one in (base, result)]
        click.echo(
            f"{name}: high-frequency share {fv.high_frequency(result.images).mean():.2f}, activation kept {kept:.2f}, "
            f"robustness {robust[0]:.2f} -> {robust[1]:.2f}"
        )


if __name__ == "__main__":
    main()
