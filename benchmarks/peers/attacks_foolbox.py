"""Foolbox's attacks on a Keras network, for the reference tests."""

import sys

import foolbox
import keras
import numpy as np
import tensorflow as tf
from protocol import Peer, serve


class Foolbox(Peer):
    """Paths from the image itself, with steps of a quarter of epsilon, as ours are with ten steps."""

    packages = ("foolbox", "tensorflow", "keras")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.trunk, self.model = trunk, keras.models.load_model(sys.argv[3], compile=False)
        self.attacks = {
            "fgsm": foolbox.attacks.LinfFastGradientAttack(random_start=False),
            "linf": foolbox.attacks.LinfPGD(rel_stepsize=0.25, steps=10, random_start=False),
            "l2": foolbox.attacks.L2PGD(rel_stepsize=0.25, steps=10, random_start=False),
        }

    def differences(self) -> dict[str, str]:
        """See `Peer`."""
        return {"epsilon": "in the range of the images, which is twice that of ours"}

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Peer`."""
        return self.model(images, training=False).numpy()

    def do(self, task: str, **arguments) -> dict:
        """Answer one task."""
        if task != "attack":
            return super().do(task, **arguments)
        network = foolbox.TensorFlowModel(self.model, bounds=(-1, 1))
        images, classes = (tf.constant(self.trunk[name]) for name in ("images", "classes"))
        attack = self.attacks[arguments["attack"]]
        _, pictures, _ = attack(network, images, classes, epsilons=2 * arguments["epsilon"])
        np.save(arguments["file"], pictures.numpy())
        return {}


if __name__ == "__main__":
    serve(Foolbox)
