"""The NVIDIA card that is in a machine and the one that TensorFlow uses: a sentence for where they differ."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version

from .provenance import gpus


def unused_card(seen: bool) -> str:
    """Return what to do where nvidia-smi lists a card and TensorFlow uses none; "" where they agree.

    Args:
        seen: whether TensorFlow lists a GPU.
    """
    # Hidden on purpose: by a batch system, by a test, by who wants to compute on the processor.
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    if seen or hidden or not (cards := gpus()):
        return ""
    try:
        libraries = (
            f"version {version('nvidia-cudnn-cu12')} of cuDNN is installed, so look after the driver: nvidia-smi"
        )
    except PackageNotFoundError:
        libraries = "do this: make course GPU=1, or outside of a checkout pip install 'featviz-helpers[gpu]'"
    said = f"There is a card ({cards[0]}), but TensorFlow does not see it"
    return f"{said} and everything runs on the processor; {libraries}."
