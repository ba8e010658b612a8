"""Write the classifier that all libraries explain, a probe with its answer, and the images that they are asked about.

Call as `python maps_export.py FOLDER COUNT` in the environment of this project. It leaves `network.keras` and
`probe.npz`.
The network is EfficientNet-Lite0 as its package has it, so that PyTorch's own copy can be asked the same.
"""

import sys
from pathlib import Path

import featviz_helpers as fv
import numpy as np


def main(folder: str, count: int) -> None:
    """Take crops of different photographs, and for each the network's first and second answer."""
    backbone = fv.load_model("lite0")
    size = backbone.traits.native_size
    data = fv.open_images("photographs")
    crops = np.linspace(0, len(data) - 1, count).astype(int)
    images = np.asarray(backbone.preprocess(np.stack([data.load(crop, size) for crop in crops])))
    images = images.clip(-1.0, 1.0)  # Google's range begins 1/128 below ours
    model = backbone.model
    answer = model(images[:2], training=False).numpy()
    classes = np.concatenate([model(image[None], training=False).numpy() for image in images]).argsort(axis=1)
    model.save(Path(folder) / "network.keras")
    probe = {"probe": images[:2], "answer": answer, "images": images, "classes": classes[:, :-3:-1].T}
    np.savez(Path(folder) / "probe.npz", **probe)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
