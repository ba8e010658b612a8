"""Draw the sheet of attributions in docs/gallery.md: every method of `fv.attribution` on photographs that ship.

    python data_scripts/make_maps.py       # two minutes on two cores

For each photograph the crop of which lite0 is surest; signed maps keep to what speaks for the answer.
"""

from pathlib import Path

import click
import featviz_helpers as fv
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from featviz_helpers import attribution
from PIL import Image

METHODS = {
    "saliency": attribution.saliency,
    "SmoothGrad": attribution.smoothgrad,
    "integrated\ngradients": lambda *asked: attribution.integrated_gradients(*asked, most_steps=256).maps,
    "guided": lambda *asked: attribution.magnitude(attribution.guided_backprop(*asked)),
    "Grad-CAM": attribution.grad_cam,
    "guided\nGrad-CAM": lambda *asked: attribution.magnitude(attribution.guided_grad_cam(*asked)),
    "Score-CAM": lambda *asked: attribution.score_cam(*asked, channels=32),
    "occlusion": lambda *asked: attribution.occlusion(*asked, stride=asked[2].shape[1] // 7),
}
CONTROL = "edges, no\nnetwork"
DPI = 200
EVERY = 3  # crops of the photographs that are looked at


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/gallery/attribution_lite0.jpg"))
@click.option("--count", default=6, show_default=True, type=click.IntRange(1))
@click.option("--quality", default=80, show_default=True, type=click.IntRange(1, 95))
def main(out: Path, count: int, quality: int) -> None:
    matplotlib.use("Agg")
    backbone, data = fv.load_model("lite0"), fv.open_images("photographs")
    size = backbone.traits.native_size
    best: dict[str, tuple[float, int, int]] = {}  # photograph -> probability, crop, class
    for crop in range(0, len(data), EVERY):
        scores = backbone.activations(data.load(crop, size)[None], "logits")[0].astype(float)
        chances = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
        best[data.labels[crop]] = max(best.get(data.labels[crop], (0.0, 0, 0)), (chances.max(), crop, chances.argmax()))
    surest = sorted(best.values(), reverse=True)[:count]
    images = np.stack([data.load(crop, size) for _, crop, _ in surest])
    objective = fv.class_score([int(number) for *_, number in surest])
    maps = {name: np.maximum(method(backbone, objective, images), 0) for name, method in METHODS.items()}
    maps[CONTROL] = attribution.controls.edges(images)
    answers = [f"{backbone.classes[number].split(',')[0]}\n{chance:.0%}" for chance, _, number in surest]
    figure = fv.plots.overlay(images, maps, answers)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.set_dpi(DPI)
    figure.canvas.draw()
    Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3]).save(out, quality=quality, optimize=True)
    plt.close(figure)


if __name__ == "__main__":
    main()
