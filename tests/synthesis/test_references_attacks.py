"""Attacks against foolbox's, in a process and an environment of its own; see attribution/test_references.py."""

import os
import sys
from pathlib import Path

import featviz_helpers as fv
import numpy as np
import pytest
from featviz_helpers import synthesis

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"
sys.path.append(str(PEERS))
from peer_worker import Worker  # noqa: E402

PYTHON = os.environ.get("FEATVIZ_REFERENCE", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="FEATVIZ_REFERENCE names no Python with the group `reference`")


@pytest.fixture(scope="module", params=["shapesnet", "shapesnet_plain"])
def reference(request, tmp_path_factory):
    """Return a function from an attack and an epsilon to foolbox's pictures, our backbone, images and classes."""
    folder = tmp_path_factory.mktemp("reference")
    fv.load_model(request.param).model.save(folder / "network.keras")
    backbone, data = fv.load_model(folder / "network.keras"), fv.shapes.draw(8, seed=4)
    answer = backbone.model(data.images[:2], training=False).numpy()
    classes = np.asarray(data.labels, np.int64)
    np.savez(folder / "probe.npz", probe=data.images[:2], answer=answer, images=data.images, classes=classes)
    command = [
        PYTHON,
        str(PEERS / "attacks_foolbox.py"),
        str(folder / "probe.npz"),
        "64",
        str(folder / "network.keras"),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with Worker("foolbox", command, environment | {"CUDA_VISIBLE_DEVICES": "-1"}, folder / "log") as worker:
        assert worker.ready["apart"] < 1e-5

        def pictures(attack: str, epsilon: float) -> np.ndarray:
            worker.ask("attack", attack=attack, epsilon=epsilon, file=str(folder / "pictures.npy"))
            return np.load(folder / "pictures.npy")

        yield pictures, backbone, data.images, classes


@pytest.mark.parametrize("epsilon", [2 / 255, 8 / 255])
def test_one_step_is_foolboxs(reference, epsilon):
    pictures, backbone, images, classes = reference
    ours, theirs = synthesis.fgsm(backbone, images, classes, epsilon), pictures("fgsm", epsilon)
    other = np.abs(ours - theirs) > 1e-6
    assert other.mean() < 1e-3, "signs may differ where the gradient is next to nothing"


@pytest.mark.parametrize(("norm", "epsilon"), [("linf", 4 / 255), ("l2", 1.0)])
def test_ten_steps_raise_the_loss_as_foolboxs_do(reference, norm, epsilon):
    pictures, backbone, images, classes = reference
    ours = synthesis.pgd(backbone, images, classes, epsilon, norm=norm, steps=10, random_start=False)
    theirs = pictures(norm, epsilon)

    def losses(made: np.ndarray) -> np.ndarray:
        scores = backbone.activations(made, "logits").astype(float)
        return np.log(np.exp(scores - scores[np.arange(8), classes][:, None]).sum(axis=1))

    start = losses(images)
    assert (losses(theirs) > start).all()
    np.testing.assert_allclose(losses(ours), losses(theirs), rtol=0.1, atol=0.05)
