"""Make docs/gallery/study_mixed6.jpg: some rows of the sheet of the study of InceptionV3, as they are there."""

from pathlib import Path

import click
import numpy as np
from featviz_helpers import study
from featviz_helpers.plots.cells import GAP
from PIL import Image

ROWS = ["none", "total variation", "Fourier + standard", "alignment"]
BORDER = 16  # pixels around a sheet
QUALITY = 80


def cut(sheet: np.ndarray, names: list[str], wanted: list[str], size: int) -> np.ndarray:
    """Return the head of a sheet (H, W, 3) and some of its rows.

    Args:
        sheet: rows of pictures with their names on the left, under a head of words.
        names: of all its rows.
        wanted: of the rows that are kept, in this order.
        size: height of a picture.
    """
    top, step = len(sheet) - BORDER + GAP - len(names) * (size + GAP), size + GAP
    starts = [top + step * names.index(name) for name in wanted]
    return np.concatenate([sheet[:top], *(sheet[start : start + step] for start in starts), sheet[GAP - BORDER :]])


@click.command(help=__doc__)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("results/inception_v3_mixed6"), show_default=True
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
def main(folder: Path, out: Path) -> None:
    plan = study.read(folder).record["plan"]
    sheet = np.asarray(Image.open(folder / "pictures.jpg"))
    rows = cut(sheet, ["strongest image", *plan["methods"]], ROWS, plan["size"])
    Image.fromarray(rows).save(out / "study_mixed6.jpg", quality=QUALITY, subsampling=0, optimize=True)


if __name__ == "__main__":
    main()
