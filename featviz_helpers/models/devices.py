"""What has to happen before TensorFlow's first operation on a GPU, and what cannot be done any more after it."""

import functools
import os
import warnings

import keras
import tensorflow as tf

from ..common.cards import unused_card


@functools.cache
def prepare_devices() -> None:
    """Let TensorFlow take GPU memory as it needs it, and take XLA's first compilation out of sight; once per process.

    Where there is a card that TensorFlow does not see, it says so and what to do.

    torch (LPIPS) shares the card, and by itself TensorFlow takes nearly all of its memory at its first operation. Where
    that has happened already, a warning says so and work goes on.

    Raises:
        ValueError: Keras runs on another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"Keras runs on {keras.backend.backend()} here (KERAS_BACKEND, or ~/.keras/keras.json), and the ascent is "
            "TensorFlow code. Set KERAS_BACKEND=tensorflow before Python starts."
        )
    gpus = tf.config.list_physical_devices("GPU")
    if advice := unused_card(seen=bool(gpus)):
        print(advice)
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except (RuntimeError, ValueError) as error:  # too late, or the caller has divided the card up
        warnings.warn(
            f"TensorFlow keeps nearly all of the GPU's memory ({error}). It was used before fv.load_model, which asks "
            "it to take only what it needs. Networks run all the same; LPIPS, which runs in torch, may find no memory. "
            "To avoid that, call fv.load_model before anything else that uses TensorFlow.",
            stacklevel=3,
        )
    _compile_once_in_silence()


def _compile_once_in_silence() -> None:
    """Take XLA's first compilation, of next to nothing, out of sight.

    XLA announces it on the file descriptor of stderr, past every log level: in a notebook, a red box with a warning.
    """
    screen, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with tf.device("CPU:0"):
            tf.function(lambda x: x + 1.0, jit_compile=True, autograph=False)(tf.zeros(1))
    except tf.errors.InvalidArgumentError:  # tf.debugging.enable_check_numerics, which XLA cannot compile
        pass
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        os.close(nowhere)
