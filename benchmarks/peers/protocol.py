"""What a worker of `peers.py` speaks: one JSON object a line, a task on stdin, its answer on stdout.

Every library runs in a process of its own, in an environment of its own, and stays there from its first call to its
last: only so can calls of several libraries alternate, and only so is a warm call warm. This file needs numpy and the
standard library alone, because every one of those environments has to read it.
"""

import abc
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

LAYER = "mixed6"  # Keras's name; torchvision calls the same block Mixed_6d
RATE = 0.05  # of Adam, for all


class Peer(abc.ABC):
    """One library with its network loaded; a subclass says how the library is called.

    Args:
        trunk: what `export.py` wrote: weights, one probe and the answer to it.
        size: side of the images in pixels.
    """

    packages: tuple[str, ...] = ()  # whose versions belong into the report

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        self.size = size

    @abc.abstractmethod
    def differences(self) -> dict[str, str]:
        """Return what a reader must know before comparing, aspect -> words."""

    @abc.abstractmethod
    def maximize(self, channels: list[int], steps: int, transforms: bool) -> np.ndarray:
        """Climb one channel per image the way the library documents it: what is timed.

        Returns:
            The images, (N, size, size, 3) in [-1, 1].
        """

    @abc.abstractmethod
    def start(self, channels: list[int]) -> np.ndarray:
        """Return images as they are before the first step."""

    @abc.abstractmethod
    def answer(self, images: np.ndarray) -> np.ndarray:
        """Return what the layer says to images (N, H, W, 3): (N, h, w, C)."""

    def activations(self, images: np.ndarray, channels: list[int]) -> list[float]:
        """Return the mean activation of one channel per image, without transforms."""
        means = self.answer(images).mean(axis=(1, 2))
        return [float(means[image, channel]) for image, channel in enumerate(channels)]

    def do(self, task: str, **arguments) -> dict:
        """Answer one task."""
        if task == "maximize":
            began = time.perf_counter()
            self.maximize(**arguments)
            return {"seconds": time.perf_counter() - began}
        if task == "check":
            channels = arguments["channels"]
            pairs = {"before": self.start(channels), "after": self.maximize(**arguments)}
            return {moment: float(np.mean(self.activations(images, channels))) for moment, images in pairs.items()}
        raise ValueError(f"There is no task '{task}'.")


def serve(peer_class: type[Peer], *arguments) -> None:
    """Load a library's network, say so, and do tasks until stdin ends.

    Call as `python with_LIBRARY.py TRUNK SIZE`.
    """
    # Libraries print; what they print goes to the log, and the pipe stays clean.
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with np.load(Path(sys.argv[1])) as file:
        trunk = dict(file)
    peer = peer_class(trunk, int(sys.argv[2]), *arguments)
    apart = np.abs(peer.answer(trunk["probe"]) - trunk["answer"]).max() / np.abs(trunk["answer"]).max()
    ready = {
        "versions": {name: version(name) for name in peer.packages},
        "python": sys.version.split()[0],
        "apart": float(apart),
        "differences": peer.differences(),
    }
    print(json.dumps(ready), file=pipe)
    for line in sys.stdin:
        print(json.dumps(peer.do(**json.loads(line))), file=pipe)
