"""Xplique: `optimize` on one channel objective for the whole batch, as its documentation shows."""

import keras_trunk
import numpy as np
import tensorflow as tf
from protocol import LAYER, RATE, Climber, serve
from xplique.features_visualizations import (
    Objective,
    compose_transformations,
    optimize,
    pad,
    random_jitter,
    random_scale,
)


class Xplique(Climber):
    """Pixels instead of its default Fourier coefficients, so that all libraries move the same thing."""

    packages = ("xplique", "tensorflow", "tf-keras")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.model = keras_trunk.load(tf.keras, size, trunk)
        self.transforms = compose_transformations(
            [pad(16, 0.0), random_jitter(16), random_scale((0.95, 1.05)), random_jitter(8)]
        )

    def differences(self) -> dict[str, str]:
        """See `Climber`."""
        return {
            "image": "pixels; at each step it mixes the colours, clips, and stretches each image to [-1, 1]",
            "gradient": "as it is, then Adam",
            "batch": "one call",
            "network": "batch norm as loaded; Keras 2 (TF_USE_LEGACY_KERAS=1)",
            "compiled": "one step, anew at each call of optimize()",
            "transforms": "pad 16, jitter 16, scale 0.95-1.05, jitter 8 (no rotation), one draw for the batch; "
            "resized to the image size for the network",
        }

    def maximize(self, channels: list[int], steps: int, transforms: bool, rate: float = RATE) -> np.ndarray:
        """See `Climber`."""
        images, _ = optimize(
            Objective.channel(self.model, LAYER, channels),
            optimizer=tf.keras.optimizers.Adam(rate),
            nb_steps=steps,
            use_fft=False,
            image_normalizer="clip",
            values_range=(-1, 1),
            transformations=self.transforms if transforms else None,
            custom_shape=(self.size, self.size),
        )
        return images[-1].numpy()

    def start(self, channels: list[int]) -> np.ndarray:
        """It does not show its start; a step of no length does."""
        return self.maximize(channels, 1, False, rate=0.0)

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Climber`."""
        return self.model(images, training=False).numpy()


if __name__ == "__main__":
    serve(Xplique)
