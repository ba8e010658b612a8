"""Maps against another library's, in a process and an environment of its own.

Install the dependency group `reference` somewhere else than here, and name its Python:
`FEATVIZ_REFERENCE=ENVIRONMENT/bin/python pytest tests/attribution/test_references.py`.
"""

import os
import sys
from pathlib import Path

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers import attribution

sys.path.append(str(Path(__file__).parents[2] / "benchmarks" / "peers"))
from peer_worker import Worker
from protocol import STEPS, STRIDE, WINDOW

PYTHON = os.environ.get("FEATVIZ_REFERENCE", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="FEATVIZ_REFERENCE names no Python with the group `reference`")


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return a function from a method to xplique's maps, our backbone, the images and their classes; on ShapesNet."""
    folder = tmp_path_factory.mktemp("reference")
    fv.load_model("shapesnet").model.save(folder / "network.keras")
    backbone = fv.load_model(folder / "network.keras")
    data = fv.shapes.draw(4, seed=3)
    classes = np.stack([data.labels, np.roll(data.labels, 1)])
    answer = backbone.model(data.images[:2], training=False).numpy()
    np.savez(folder / "probe.npz", probe=data.images[:2], answer=answer, images=data.images, classes=classes)
    script = Path(__file__).parents[2] / "benchmarks" / "peers" / "maps_xplique.py"
    command = [PYTHON, str(script), str(folder / "probe.npz"), "64", str(folder / "network.keras")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with Worker("xplique", command, environment | {"CUDA_VISIBLE_DEVICES": "-1"}, folder / "log") as worker:
        assert worker.ready["apart"] < 1e-5

        def maps(method: str, turn: int) -> np.ndarray:
            worker.ask("maps", method=method, count=4, turn=turn, file=str(folder / "maps.npy"))
            return np.load(folder / "maps.npy")

        yield maps, backbone, data.images, classes


OURS = {
    "saliency": attribution.saliency,
    "gradient x input": lambda *asked: (
        attribution.gradient_times_input(*asked) / 3
    ),  # theirs is the mean of the colours
    "guided": lambda *asked: attribution.magnitude(attribution.guided_backprop(*asked)),
    "deconvnet": lambda *asked: attribution.magnitude(attribution.deconvnet(*asked)),
    "integrated gradients": lambda *asked: (
        attribution.integrated_gradients(*asked, steps=STEPS - 1, tolerance=1e12).maps / 3  # 50 points are 49 intervals
    ),
}


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("method", OURS)
def test_maps_are_xpliques(reference, method, turn):
    maps, backbone, images, classes = reference
    ours = OURS[method](backbone, fv.class_score(classes[turn].tolist()), images)
    theirs = maps(method, turn)
    # Along a path a unit may be on at one point for us and off for them: rounding decides.
    kinks = 5e-3 if method == "integrated gradients" else 1e-5
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=kinks * np.abs(theirs).max())


def test_grad_cam_has_the_order_of_xpliques(reference):
    maps, backbone, images, classes = reference
    ours = attribution.grad_cam(backbone, fv.class_score(classes[0].tolist()), images)
    theirs = maps("Grad-CAM", 0)  # enlarged bicubically, ours bilinearly
    assert min(np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(ours, theirs, strict=True)) > 0.97


def test_occlusion_agrees_where_windows_do_not_overlap(reference):
    maps, backbone, images, classes = reference
    asked = backbone, fv.class_score(classes[0].tolist()), images
    ours = attribution.occlusion(*asked, window=WINDOW, stride=STRIDE, enlarge=False)
    theirs = maps(
        "occlusion", 0
    )  # each pixel gets the sum or the mean over its windows; corners lie in one window only
    corners = theirs[:, :: 64 - 1, :: 64 - 1]
    scale = ours[:, :: ours.shape[1] - 1, :: ours.shape[2] - 1] / corners
    np.testing.assert_allclose(scale, scale.ravel()[0], rtol=1e-3)
