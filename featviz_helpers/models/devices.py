"""What has to happen before TensorFlow's first operation; imported by every module that runs one."""

import os

import tensorflow as tf


def _compile_once_in_silence() -> None:
    """Take XLA's first compilation, of next to nothing, out of sight.

    XLA announces it on the file descriptor of stderr, past every log level: in a notebook, a red box with a warning.
    """
    screen, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with tf.device("CPU:0"):
            tf.function(lambda x: x + 1.0, jit_compile=True, autograph=False)(tf.zeros(1))
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        os.close(nowhere)


# torch (LPIPS) shares the card, so TensorFlow must not take all of its memory at the first op.
for _gpu in tf.config.list_physical_devices("GPU"):
    tf.config.experimental.set_memory_growth(_gpu, True)
_compile_once_in_silence()
