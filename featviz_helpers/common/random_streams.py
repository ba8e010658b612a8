"""Random numbers keyed by (seed, image key, step): what an image draws never depends on its neighbours.

numpy's Philox is a counter-based generator (Salmon et al., 2011): any block of its stream can be computed
directly from a key and a counter, on any machine, in any order. Every image of a batch owns one key, every step
owns its own counters, so an image starts and draws alike whether it runs alone, in a batch, on a CPU or on a GPU.
"""

import zlib

import numpy as np

_START, _DRAWS = 0, 1  # separate streams: a start image and the transforms never share numbers
_WORDS = 4  # Philox yields four 64-bit words per counter value


def image_key(*parts: object) -> int:
    """Return a stable 32-bit key for anything with a stable `repr` (names and numbers)."""
    return zlib.crc32(repr(parts).encode())


def _uniform(seed: int, key: int, counter: int, stream: int, count: int) -> np.ndarray:
    words = -(-count // _WORDS) * _WORDS
    key_words = np.array([seed % 2**64, key], np.uint64)  # a list would pass through float64 above 2**63
    generator = np.random.Philox(key=key_words, counter=[counter, 0, 0, stream])
    # The upper 24 bits make a float32 in [0, 1) exactly, with no rounding up to 1.
    return ((generator.random_raw(words)[:count] >> np.uint64(40)) * np.float32(2**-24)).astype(np.float32)


def start_uniform(seed: int, key: int, shape: tuple[int, ...]) -> np.ndarray:
    """Draw the start stream of one image.

    Args:
        seed: any integer.
        key: the image's key, 0 to 2**32 - 1.
        shape: shape of the result.

    Returns:
        float32 array in [0, 1), the same for the same arguments everywhere.
    """
    return _uniform(seed, key, 0, _START, int(np.prod(shape))).reshape(shape)


def step_uniform(seed: int, key: int, first: int, steps: int, draws: int) -> np.ndarray:
    """Draw `draws` numbers for each of the steps `first` ... `first + steps - 1` of one image.

    Args:
        seed: any integer.
        key: the image's key, 0 to 2**32 - 1.
        first: number of the first step, from 0.
        steps: how many steps.
        draws: numbers per step.

    Returns:
        (steps, draws) float32 in [0, 1). Row `s` depends on (seed, key, first + s) alone.
    """
    block = -(-draws // _WORDS)
    flat = _uniform(seed, key, first * block, _DRAWS, steps * block * _WORDS)
    return flat.reshape(steps, block * _WORDS)[:, :draws]
