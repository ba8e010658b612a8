"""The precision in which a network computes fastest on this machine, of those that climb to the same height."""

from __future__ import annotations

import functools
from pathlib import Path

import tensorflow as tf

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # what the processor must know, as Linux names it
CAPABILITY = (8, 0)  # of a card; before it bfloat16 is made up of something else


def settled(precision: str) -> str:
    """Return the precision that "auto" stands for on this machine; another one as it is.

    "auto" is "mixed_bfloat16" on a processor with AVX512-BF16 or AMX and on a card from Ampere on, "float32" elsewhere;
    it is said once. Numbers differ from machine to machine then, in the third digit.

    Args:
        precision: "auto", or one of `PRECISIONS`.

    Raises:
        ValueError: another word.
    """
    if precision == "auto":
        return _auto()
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of auto, {', '.join(PRECISIONS)}; got {precision!r}.")
    return precision


@functools.cache
def _auto() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability") or (0, 0)
        fast, what = capability >= CAPABILITY, f"card with compute capability {'.'.join(map(str, capability))}"
    else:
        known = sorted(BFLOAT16 & processor_flags())
        fast, what = bool(known), f"processor with {', '.join(known) or 'neither AVX512-BF16 nor AMX'}"
    chosen = "mixed_bfloat16" if fast else "float32"
    print(f"precision 'auto': a {what}, so the network computes in {chosen}.")
    return chosen


def processor_flags() -> set[str]:
    """Return what the processor knows beyond the basics, where the system tells it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    lines = (line.partition(":")[2].split() for line in text.splitlines() if line.startswith("flags"))
    return set(next(lines, []))
