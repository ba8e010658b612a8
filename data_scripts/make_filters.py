"""Make docs/gallery/filters.jpg: the first-layer filters of networks whose weights do not come with the course.

    python data_scripts/make_filters.py InceptionV3=WEIGHTS.h5 AlexNet=alexnet-owt-7be5be79.pth ResNet-18=FILE ...

A `.h5` is InceptionV3's, anything else what `models.filters.filters_from_file` reads: state dicts of torchvision, as
of ResNet-101 and DenseNet-121, or arrays. Filters stand in the order of their colour shares, the dead ones last. What
is printed of the shares is that of the others.
"""

from pathlib import Path

import click
import featviz_helpers as fv
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from featviz_helpers.models import filters
from featviz_helpers.plots.canvas import Cell
from featviz_helpers.plots.cells import draw_cells
from featviz_helpers.plots.style import DPI

COLUMNS = 20
STEP = 48  # pixels from one filter to the next
SIDE = 44  # pixels that a filter may take, with a whole number for each of its weights
QUALITY = 90  # of the JPEG


def sheet(bank: filters.FilterBank) -> np.ndarray:
    """Return the filters of a bank as one picture, each pixel a square, in rows by their share of colour."""
    pictures = bank.pictures[np.argsort(bank.colour_shares, kind="stable")]
    times = max(SIDE // pictures.shape[1], 1)
    side = times * pictures.shape[1]
    canvas = np.ones((-(-len(pictures) // COLUMNS) * STEP, COLUMNS * STEP, 3), np.float32)
    for i, picture in enumerate(pictures):
        top, left = (place * STEP for place in divmod(i, COLUMNS))
        canvas[top : top + side, left : left + side] = picture.repeat(times, axis=0).repeat(times, axis=1)
    return canvas


def heading(bank: filters.FilterBank) -> str:
    """Return what stands above a bank. Dead filters have no share of colour, so they come last."""
    dead = f", the last {bank.dead.sum()} dead" if bank.dead.any() else ""
    return f"{bank.name}: {len(bank)} filters of {bank.kernels.shape[1]} pixels{dead}"


def numbers(bank: filters.FilterBank) -> dict[str, float]:
    """Return what is told of a bank: how many filters, and how the shares of colour of the living are spread."""
    shares = bank.colour_shares[np.isfinite(bank.colour_shares)]
    return {
        "filters": len(bank),
        "dead": bank.dead.sum(),
        "side": bank.kernels.shape[1],
        "below 0.2": (shares < 0.2).mean(),
        "0.2 to 0.8": ((shares >= 0.2) & (shares <= 0.8)).mean(),
        "above 0.8": (shares > 0.8).mean(),
        "mean": shares.mean(),
    }


@click.command(help=__doc__)
@click.argument("named", nargs=-1, required=True, metavar="NAME=FILE...")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
def main(named: tuple[str, ...], out: Path) -> None:
    plt.switch_backend("agg")
    banks = []
    for text in named:
        name, _, path = text.partition("=")
        known = path.endswith(".h5")
        banks.append(
            filters.FilterBank(name, filters.first_filters(fv.load_model("inception_v3", path)).kernels)
            if known
            else filters.filters_from_file(path, name)
        )
    banks.append(filters.random_filters(banks[-1]))
    rows = [[Cell(sheet(bank), heading(bank))] for bank in banks]
    title = "From grey to colour: trained filters spread to both ends, random ones stay in between"
    figure = draw_cells(rows, title, inch=COLUMNS * STEP / DPI, columns=1)
    figure.savefig(out / "filters.jpg", bbox_inches="tight", pil_kwargs={"quality": QUALITY, "subsampling": 0})
    click.echo(pd.DataFrame({bank.name: numbers(bank) for bank in banks}).T.round(2).to_string())


if __name__ == "__main__":
    main()
