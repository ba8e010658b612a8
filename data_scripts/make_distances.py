"""Make docs/gallery/distances.jpg: how far apart three distances find the same pairs of pictures.

LPIPS and its place-free form need AlexNet's weights, which do not come with the course.
"""

from pathlib import Path

import click
import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from featviz_helpers.plots.style import DPI, PAGE, PALETTE, style

DISTANCES = {"pixels": "pixels", "alex": "LPIPS (AlexNet)", "alex-place-free": "place-free (AlexNet)"}
STRIPE = 8  # pixels: its width
HEIGHT = 300  # pixels of the figure
QUALITY = 90  # of the JPEG


def pairs(size: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the pairs of pictures (size, size, 3) in [-1, 1], by name."""
    bars = np.where(np.arange(size) // STRIPE % 2 == 0, 0.7, -0.7).astype(np.float32)
    stripes = np.broadcast_to(bars[None, :, None], (size, size, 3))
    china, flower = (fv.photograph(name, size) for name in ("china", "flower"))
    return {
        "stripes, shifted by one stripe": (stripes, np.roll(stripes, STRIPE, axis=1)),
        "stripes, and grey": (stripes, fv.grey(size)[0]),
        "china, rolled by 32 pixels": (china, np.roll(china, 32, axis=1)),
        "flower, rolled by 32 pixels": (flower, np.roll(flower, 32, axis=1)),
        "china, and flower": (china, flower),
        "china, and grey": (china, fv.grey(size)[0]),
    }


def draw(table: pd.DataFrame) -> plt.Figure:
    """Draw a panel per distance, a bar per pair, and its number at the end."""
    with style():
        figure, axes = plt.subplots(
            1, table.shape[1], figsize=(PAGE / DPI, HEIGHT / DPI), sharey=True, layout="constrained"
        )
        for axis, (name, values) in zip(axes, table.items(), strict=True):
            bars = axis.barh(
                table.index, values, color=[PALETTE[1] if "ed by" in pair else PALETTE[0] for pair in values.index]
            )
            axis.bar_label(bars, fmt="%.2f", padding=3)
            axis.set(title=name, xlim=(0, 1.25 * values.max()), xticks=[])
            axis.grid(False)
        axes[0].invert_yaxis()
        figure.suptitle("Orange: one picture, moved. Blue: two different pictures.", weight="bold", x=0.01, ha="left")
    return figure


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
@click.option("--size", default=224, show_default=True, help="Side of a picture.")
def main(out: Path, size: int) -> None:
    plt.switch_backend("agg")
    named = pairs(size)
    first, second = (np.stack(side) for side in zip(*named.values(), strict=True))
    table = {title: fv.distance(net).pairs(first, second) for net, title in DISTANCES.items()}
    table = pd.DataFrame(table, named)
    draw(table).savefig(out / "distances.jpg", bbox_inches="tight", pil_kwargs={"quality": QUALITY})
    click.echo(table.round(3).to_string())


if __name__ == "__main__":
    main()
