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
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

LAYER = "mixed6"  # Keras's name; torchvision calls the same block Mixed_6d
RATE = 0.05  # of Adam, for all
STEPS = 50  # intervals of integrated gradients, and noisy copies of SmoothGrad
NOISE = 0.3  # of those copies: standard deviation in units of the image
WINDOW, STRIDE = 32, 16  # of occlusion, in pixels


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
    def answer(self, images: np.ndarray) -> np.ndarray:
        """Return what the layer says to images (N, H, W, 3): (N, h, w, C), or (N, classes)."""

    def do(self, task: str, **arguments) -> dict:
        """Answer one task."""
        raise ValueError(f"There is no task '{task}'.")


class Climber(Peer):
    """A library that makes pictures."""

    @abc.abstractmethod
    def maximize(self, channels: list[int], steps: int, transforms: bool) -> np.ndarray:
        """Climb one channel per image the way the library documents it: what is timed.

        Returns:
            The images, (N, size, size, 3) in [-1, 1].
        """

    @abc.abstractmethod
    def start(self, channels: list[int]) -> np.ndarray:
        """Return images as they are before the first step."""

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
        return super().do(task, **arguments)


class Explainer(Peer):
    """A library that makes maps of an answer; `trunk` holds the images that it is asked about, and two classes each."""

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.images, self.classes = trunk["images"], trunk["classes"]

    @abc.abstractmethod
    def maps(self, method: str, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Explain one class per image the way the library documents it: what is timed.

        Returns:
            (N, H, W) or (N, h, w) for a method of a layer.
        """

    def do(self, task: str, **arguments) -> dict:
        """Answer one task."""
        if task != "maps":
            return super().do(task, **arguments)
        images, classes = self.images[: arguments["count"]], self.classes[arguments["turn"] % 2][: arguments["count"]]
        began = time.perf_counter()
        maps = self.maps(arguments["method"], images, classes)
        seconds = time.perf_counter() - began
        if file := arguments.get("file"):
            np.save(file, np.asarray(maps, np.float32))
        return {"seconds": seconds}


def installed(name: str) -> str:
    """Return the version of a package; TensorFlow without CUDA is one of its own."""
    try:
        return version(name)
    except PackageNotFoundError:
        return version(f"{name}-cpu")


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
        "versions": {name: installed(name) for name in peer.packages},
        "python": sys.version.split()[0],
        "apart": float(apart),
        "differences": peer.differences(),
    }
    print(json.dumps(ready), file=pipe)
    for line in sys.stdin:
        print(json.dumps(peer.do(**json.loads(line))), file=pipe)
