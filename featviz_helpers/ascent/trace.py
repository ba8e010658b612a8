"""A TensorFlow function for arguments of one shape."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


class Trace:
    """A function that TensorFlow traces at its first call, and never again.

    One concrete function instead of a polymorphic one: with arguments of another shape it would fail, where that one
    would trace anew, unnoticed and for seconds.

    Args:
        function: of tensors, or of lists and dicts of them.
        jit: whether XLA compiles it.
    """

    def __init__(self, function: Callable, jit: bool = False) -> None:
        self._function = tf.function(function, autograph=False, jit_compile=jit or None)
        self._concrete: tf.types.experimental.ConcreteFunction | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function returns."""
        if self._concrete is None:
            self._concrete = self._function.get_concrete_function(*arguments)
        return self._concrete(*arguments)
