"""Make docs/gallery/found_mixed6.jpg: made pictures of InceptionV3, above the photographs that drive the channels."""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np

from make_remedies import CHANNELS, LAYER, RECIPES

SIZE, STEPS = 192, 96
ROWS = ["best photograph", "second photograph"]  # below each made picture, the best crop of each


@click.command(help=__doc__)
@click.option("--weights", default=None, help="InceptionV3 weights; without it, what load_model finds.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
def main(weights: str | None, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone, crops = fv.load_model("inception_v3", weights=weights), fv.open_images("photographs")
    units = fv.channel(LAYER, CHANNELS)
    made = fv.maximize(backbone, units, steps=STEPS, size=SIZE, optimizer=fv.Adam(0.02), **RECIPES["fourier"])
    found = fv.find_exemplars(backbone, crops, LAYER, k=len(crops), size=SIZE)
    columns = []
    for channel, reached in zip(CHANNELS, made.activations, strict=True):
        rows = found.rows(LAYER, channel)
        rows["photograph"] = [crops.sources[crops.index(path)] for path in rows["path"]]
        best = rows.drop_duplicates("photograph")[: len(ROWS)]
        columns.append([crops.load(crops.index(path), SIZE) for path in best["path"]])
        said = ", ".join(f"{row.path} {row.activation:.2f}" for row in best.itertuples())
        click.echo(f"channel {channel}: made {reached:.2f}; {said}")
    rows = dict(zip(["made", *ROWS], [made.images, *np.swapaxes(columns, 0, 1)], strict=True))
    figure = fv.compare(rows, [f"channel {channel}" for channel in CHANNELS])
    (out / f"found_{LAYER}.jpg").write_bytes(figure.jpeg())


if __name__ == "__main__":
    main()
