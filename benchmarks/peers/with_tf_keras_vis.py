"""tf-keras-vis: `ActivationMaximization` on a batch of seeds and one `CategoricalScore`, as its documentation shows."""

import keras_trunk
import numpy as np
import tensorflow as tf
from protocol import RATE, Climber, serve
from tf_keras_vis.activation_maximization import ActivationMaximization
from tf_keras_vis.activation_maximization.input_modifiers import Jitter, Rotate2D, Scale
from tf_keras_vis.utils.scores import CategoricalScore

NOISE = 0.1  # of the start, the same as this project's


class TfKerasVis(Climber):
    """One instance for all calls; without its default regularisers, which the others do not compute either."""

    packages = ("tf-keras-vis", "tensorflow", "tf-keras")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.model = keras_trunk.load(tf.keras, size, trunk)
        self.climb = ActivationMaximization(self.model)

    def differences(self) -> dict[str, str]:
        """See `Climber`."""
        return {
            "image": "pixels; clipped to [-1, 1] at the end of the call only",
            "gradient": "as it is, then Adam",
            "batch": "one call",
            "network": "batch norm as loaded; Keras 2 (TF_USE_LEGACY_KERAS=1)",
            "compiled": "nothing: TensorFlow runs operation by operation",
            "transforms": "jitter 16, scale 0.95-1.05, rotate 5 degrees, jitter 8 (no padding), one draw for the "
            "batch, by scipy; they change the image itself and not only what the network sees",
        }

    def maximize(self, channels: list[int], steps: int, transforms: bool) -> np.ndarray:
        """See `Climber`."""
        images = self.climb(
            CategoricalScore(channels),
            seed_input=self.start(channels),
            input_range=(-1.0, 1.0),
            input_modifiers=[Jitter(16), Scale(0.95, 1.05), Rotate2D(5), Jitter(8)] if transforms else [],
            regularizers=[],
            steps=steps,
            optimizer=tf.keras.optimizers.Adam(RATE),
        )
        return np.asarray(images)

    def start(self, channels: list[int]) -> np.ndarray:
        """See `Climber`."""
        shape = (len(channels), self.size, self.size, 3)
        return np.random.default_rng(0).uniform(-NOISE, NOISE, shape).astype(np.float32)

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Climber`."""
        return self.model(images, training=False).numpy()


if __name__ == "__main__":
    serve(TfKerasVis)
