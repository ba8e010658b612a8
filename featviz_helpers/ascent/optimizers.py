"""How a normalised gradient becomes a step: plain ascent, or Adam. Written out, because there is so little of it."""

import tensorflow as tf

from .per_image import Numbers, PerImage


class GradientAscent(PerImage):
    """Plain ascent: x += step_size * g, with g the gradient divided by its standard deviation per image.

    Args:
        step_size: > 0, or one per image, in units of the pixel range [-1, 1]; DeepDream's tutorial takes 0.01.
    """

    slots = 0

    def __init__(self, step_size: Numbers = 0.01) -> None:
        super().__init__(step_size=step_size)
        if self.values["step_size"].min() <= 0:
            raise ValueError(f"{self.name}: step_size must be above 0; got {self._shown('step_size')}.")

    def move(self, gradient: tf.Tensor, slots: tuple, step: tf.Tensor, step_size: tf.Tensor) -> tuple[tf.Tensor, tuple]:
        """Return (what to add, new slots) for a normalised gradient; `step` counts from 0."""
        return step_size * gradient, slots


class Adam(GradientAscent):
    """Adam (Kingma and Ba, 2015): the step follows a running mean of the gradient over its running size.

    Args:
        step_size: > 0, or one per image; 0.05 is the choice of Olah et al. (2017).
    """

    slots = 2
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, step_size: Numbers = 0.05) -> None:
        super().__init__(step_size)

    def move(self, gradient: tf.Tensor, slots: tuple, step: tf.Tensor, step_size: tf.Tensor) -> tuple[tf.Tensor, tuple]:
        """Return (what to add, new slots) for a normalised gradient; `step` counts from 0."""
        mean = self.beta1 * slots[0] + (1.0 - self.beta1) * gradient
        square = self.beta2 * slots[1] + (1.0 - self.beta2) * gradient**2
        time = tf.cast(step + 1, tf.float32)
        # The two bias corrections are scalars; folded into the step they cost nothing per pixel.
        correction = tf.sqrt(1.0 - self.beta2**time) / (1.0 - self.beta1**time)
        return step_size * correction * mean / (tf.sqrt(square) + self.epsilon), (mean, square)
