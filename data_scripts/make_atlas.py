"""Make docs/gallery/atlas_*.jpg, a picture of every channel of a layer, and loop.jpg: how such a picture is made."""

from pathlib import Path

import click
import featviz_helpers as fv
import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

QUALITY = 82  # of the JPEGs, which travel inside notebooks
STRIP = 14  # pixels above each picture of the atlas, for its number


def atlas(backbone: fv.Backbone, layer: str, size: int, steps: int) -> np.ndarray:
    """Return one picture per channel, (C, size, size, 3), as notebook 00 makes them."""
    return fv.maximize(
        backbone,
        fv.channel(layer, list(range(backbone.layers[layer]))),
        parameterization=fv.Fourier(),
        transforms=[fv.standard()],
        optimizer=fv.Adam(0.02),
        steps=steps,
        size=size,
        seed=0,
    ).images


def sheet(images: np.ndarray, columns: int, gap: int = 2) -> Image.Image:
    """Lay (N, S, S, 3) images out in rows on white, every one of their pixels kept, each under its number."""
    size = images.shape[1] + gap
    rows = -(-len(images) // columns)
    page = Image.new("RGB", (columns * size - gap, rows * (size + STRIP) - gap), "white")
    pen = ImageDraw.Draw(page)
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        top, left = row * (size + STRIP), column * size
        pen.text((left + 2, top), str(number), fill="black", font_size=STRIP - 2)
        page.paste(Image.fromarray(fv.to_uint8(image)), (left, top + STRIP))
    return page


def loop(backbone: fv.Backbone, layer: str, channel: int) -> Figure:
    """Draw the loop of activation maximisation around the real pictures of one ascent."""
    result = fv.maximize(
        backbone,
        fv.channel(layer, [channel]),
        parameterization=fv.Fourier(),
        transforms=[fv.standard()],
        optimizer=fv.Adam(0.02),
        steps=32,
        size=192,
        seed=0,
        snapshots=[8],
    )
    picture = result.snapshots[8][0]
    activation = backbone.activations(picture[None], layer)[0, ..., channel]
    figure = Figure(figsize=(10, 3.6), dpi=100, facecolor="white")
    canvas = figure.add_axes((0, 0, 1, 1), xlim=(0, 10), ylim=(0, 3.6))
    canvas.axis("off")
    canvas.imshow(picture / 2 + 0.5, extent=(0.3, 2.3, 1.25, 3.25), aspect="auto")
    canvas.imshow(activation, extent=(5.6, 7.1, 1.5, 3.0), aspect="auto", cmap="inferno")
    canvas.set(xlim=(0, 10), ylim=(0, 3.6))
    for left in (3.1, 3.35, 3.6, 3.85, 4.1):
        block = {"facecolor": "#dbe7f3", "edgecolor": "#30506e"}
        canvas.fill_between([left, left + 0.17], 1.45, 3.05, **block)
    words = {"ha": "center", "fontsize": 11}
    canvas.text(1.3, 3.35, "the picture", **words)
    canvas.text(3.7, 3.35, "the network, held fixed", **words)
    canvas.text(6.35, 3.35, f"map of channel {channel}", **words)
    canvas.text(8.9, 2.2, f"its mean:\n{activation.mean():.1f}", ha="center", va="center", fontsize=15)
    forward, back = ({"arrowstyle": "-|>", "color": color, "lw": 2} for color in ("#30506e", "#b3482a"))
    for start, end in ((2.35, 3.0), (4.4, 5.5), (7.2, 8.2)):
        canvas.annotate("", (end, 2.25), (start, 2.25), arrowprops=forward)
    canvas.annotate("", (8.9, 0.75), (8.9, 1.7), arrowprops=back | {"arrowstyle": "-"})
    canvas.annotate("", (1.3, 0.75), (8.93, 0.75), arrowprops=back | {"arrowstyle": "-"})
    canvas.annotate("", (1.3, 1.2), (1.3, 0.72), arrowprops=back)
    canvas.text(
        5.1,
        0.3,
        "gradient: how would the mean change if this pixel did?  Move every pixel a little that way, and repeat.",
        color="#b3482a",
        **words,
    )
    return figure


@click.command(help=__doc__)
@click.option("--model", default="lite0", show_default=True)
@click.option("--layer", default="auto", show_default=True)
@click.option("--columns", default=10, show_default=True, help="Pictures in a row of the atlas.")
@click.option("--size", default=96, show_default=True, help="Pixels a picture.")
@click.option("--steps", default=96, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery"), show_default=True)
def main(model: str, layer: str, columns: int, size: int, steps: int, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    backbone = fv.load_model(model)
    layer = backbone.resolve(layer)
    sheet(atlas(backbone, layer, size, steps), columns).save(out / f"atlas_{model}.jpg", quality=QUALITY)
    loop(backbone, layer, 3).savefig(out / "loop.jpg", pil_kwargs={"quality": QUALITY})


if __name__ == "__main__":
    main()
