"""This project's library, and the bare network beside it."""

import sys
import time

import featviz_helpers as fv
import numpy as np
import tensorflow as tf
from featviz_helpers.ascent import step as engine
from protocol import LAYER, RATE, Climber, serve


class Featviz(Climber):
    """`fv.maximize` with its defaults: pixels and Adam."""

    packages = ("featviz-helpers", "tensorflow", "keras")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.backbone = fv.load_model("inception_v3", weights=sys.argv[3] if len(sys.argv) > 3 else None)
        self.bare = {fold: bare(self.backbone.truncate(LAYER, fold=fold)) for fold in (True, False)}

    def differences(self) -> dict[str, str]:
        """See `Climber`."""
        return {
            "image": "pixels, clipped to [-1, 1] after each step",
            "gradient": "divided by its standard deviation per image, then Adam",
            "batch": "one call",
            "network": "batch norm folded into the convolutions by the library; oneDNN turned on when it is imported",
            "compiled": "the loop over the steps, once per structure of a run; the transforms by XLA",
            "transforms": "pad 16, jitter 16, scale 0.95-1.05, rotate 5 degrees, jitter 8, drawn for each image; "
            "one gather; the network sees the image size",
        }

    def run(
        self, channels: list[int], steps: int, transforms: bool, snapshots: tuple[int, ...] = ()
    ) -> fv.ascent.Result:
        """Make one call; a channel that noise does not wake is marked, as it costs the same."""
        return fv.maximize(
            self.backbone,
            fv.channel(LAYER, channels),
            transforms=[fv.standard()] if transforms else [],
            optimizer=fv.Adam(RATE),
            steps=steps,
            size=self.size,
            snapshots=snapshots,
            dead="mark",
            progress=False,
        )

    def maximize(self, channels: list[int], steps: int, transforms: bool) -> np.ndarray:
        """See `Climber`."""
        return self.run(channels, steps, transforms).images

    def start(self, channels: list[int]) -> np.ndarray:
        """See `Climber`."""
        return self.run(channels, 1, False, snapshots=(0,)).snapshots[0]

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Climber`."""
        return self.backbone.activations(images, LAYER)

    def do(self, task: str, **arguments) -> dict:
        """Know two more tasks: the bare network, and how often TensorFlow traced."""
        if task == "bare":
            return {"seconds": self.bare_seconds(**arguments)}
        if task == "traces":
            return {"traces": sum(engine.trace_counts(self.backbone).values())}
        return super().do(task, **arguments)

    def bare_seconds(self, channels: list[int], steps: int, folded: bool) -> float:
        """Return how long one compiled call per step takes, and nothing else."""
        images = tf.constant(fv.noise(self.size, range(len(channels)), range(len(channels)), 0.1))
        chosen = tf.constant(channels)
        began = time.perf_counter()
        for _ in range(steps):
            slope = self.bare[folded](images, chosen)
        slope.numpy()
        return time.perf_counter() - began


def bare(network: object) -> tf.types.experimental.PolymorphicFunction:
    """Return the compiled gradient of one channel's mean activation per image."""

    @tf.function
    def gradient(images: tf.Tensor, channels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            means = tf.reduce_mean(network(images, training=False), axis=[1, 2])
            value = tf.reduce_sum(tf.gather(means, channels, batch_dims=1))
        return tape.gradient(value, images)

    return gradient


if __name__ == "__main__":
    serve(Featviz)
