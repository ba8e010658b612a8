"""The precision in which a network computes fastest on this machine, of those that climb to the same height."""

from __future__ import annotations

import functools
from pathlib import Path

import keras
import tensorflow as tf

from ..common.checks import choice

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # what the processor must know, as Linux names it
CAPABILITY = (8, 0)  # of a card; before it bfloat16 is made up of something else
LARGE = 5_000_000  # weights of a network whose ascent gains; between InceptionV3, which does, and ShapesNet


def settled(precision: str, climbed: keras.Model | None = None) -> str:
    """Return the precision that "auto" stands for on this machine; another one as it is.

    "auto" is "mixed_bfloat16" on a processor with AVX512-BF16 or AMX and on a card from Ampere on, "float32" elsewhere;
    it is said once. Numbers differ from machine to machine then. Small networks, and those with depthwise convolutions,
    are climbed in float32 all the same. On a processor with AMX an ascent of InceptionV3 was 1.8 times as fast in
    bfloat16; one of ShapesNet took 1.6 times as long, and one of lite0 3.2 times, though the forward pass of all three
    was faster (2.7, 1.3 and 2.0 times).

    Args:
        precision: "auto", or one of `PRECISIONS`.
        climbed: the network, where gradients are taken; None for a forward pass.

    Raises:
        ValueError: another word.
    """
    choice("precision", precision, ("auto", *PRECISIONS))
    if precision == "auto":
        return _auto(climbed is None or _gains(climbed))
    return precision


@functools.cache
def _auto(gains: bool) -> str:
    if gpus := tf.config.list_physical_devices("GPU"):
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability") or (0, 0)
        fast, what = capability >= CAPABILITY, f"a card with compute capability {'.'.join(map(str, capability))}"
    else:
        known = sorted(BFLOAT16 & processor_flags())
        fast, what = bool(known), f"a processor with {', '.join(known) or 'neither AVX512-BF16 nor AMX'}"
    if not gains:
        fast, what = False, "a network that is small or has depthwise convolutions, whose ascent bfloat16 slows down"
    chosen = "mixed_bfloat16" if fast else "float32"
    print(f"precision 'auto': {what}, so the network computes in {chosen}.")
    return chosen


def _gains(model: keras.Model) -> bool:
    """Return whether an ascent of a network is faster in bfloat16, where the machine is made for it."""
    return model.count_params() >= LARGE and not _is_depthwise(model)


def _is_depthwise(model: keras.Model) -> bool:
    """Return whether some convolution keeps channels apart."""
    apart = (keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
    return any(
        isinstance(layer, apart)
        or getattr(layer, "groups", 1) > 1
        or (isinstance(layer, keras.Model) and _is_depthwise(layer))
        for layer in model.layers
    )


def processor_flags() -> set[str]:
    """Return what the processor knows beyond the basics, where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    lines = (line.partition(":")[2].split() for line in text.splitlines() if line.startswith("flags"))
    return set(next(lines, []))
