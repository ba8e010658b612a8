"""LPIPS (Zhang et al., 2018) through the `lpips` package, with torchvision's weights or its features alone."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..assets import fetch as fetching
from ..assets import locate as assets
from ..common.errors import MissingWeights, first_line
from ..common.files import cached_checksum
from .distance_base import EmbeddingDistance

if TYPE_CHECKING:
    import torch

# The asset that `featviz fetch` knows, and the same network without its classifier, which LPIPS does not use.
ASSETS = {
    "alex": ("alexnet", "alexnet_features.pth"),
    "squeeze": ("squeezenet1_1", "squeezenet1_1_features.pth"),
    "vgg": ("vgg16", "vgg16_features.pth"),
}
TITLES = {"alex": "AlexNet", "squeeze": "SqueezeNet", "vgg": "VGG16"}
MIN_SIZES = {"alex": 31, "squeeze": 17, "vgg": 16}  # pixels: below, the last pooling has nothing left to pool


class LPIPS(EmbeddingDistance):
    """LPIPS v0.1: squared differences of unit-length features, weighted by what people find different.

    The published sum over layers, channels and positions is the squared length between two embeddings, because the
    fitted weights are not negative. Values above 1 are legal.

    Args:
        net: "alex", "squeeze" or "vgg".
        weights: torchvision's file of that network, or one with its `features.*` alone; by default what is on this
            machine, see `assets.find`.
        download: fetch torchvision's file when it is not here; says what it does.

    Raises:
        ModuleNotFoundError: torch or lpips is not installed.
        MissingWeights: no such file on this machine.
        ValueError: a file of another network.
    """

    def __init__(self, net: str = "alex", weights: str | Path | None = None, download: bool = False) -> None:
        self.name, self.label, self.min_size = net, f"LPIPS ({TITLES[net]} v0.1)", MIN_SIZES[net]
        torch, lpips = _import()  # before anything is fetched
        path = Path(weights) if weights else _find(net)
        if path is None and download:
            path = fetching.fetch(ASSETS[net][0])
        if path is None or not path.is_file():
            raise MissingWeights(
                f"LPIPS needs {TITLES[net]}'s weights, and {f'there is no {path}' if path else 'they are not here'}. "
                f"Fetch them with `featviz fetch {ASSETS[net][0]}`, or use the bundled distance('shapesnet')."
            )
        self._path = path
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package calls torchvision by argument names of the past
            self.model = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
        # The package cuts the network into slices and keeps the numbers of its layers.
        names = {name: f"features.{name.split('.', 1)[1]}" for name in self.model.net.state_dict()}
        try:
            stored = torch.load(path, map_location="cpu", weights_only=True)
            if missing := [name for name in names.values() if name not in stored]:
                raise ValueError(f"it has no {missing[0]}")
            self.model.net.load_state_dict({name: stored[source] for name, source in names.items()})
        except Exception as error:  # torch trips over another file in zip, pickle or shapes, each with its own error
            raise ValueError(f"'{path}' does not hold the weights of {TITLES[net]}: {first_line(error)}") from None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch with CUDA warns on a machine without
            self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # On a card, convolutions of 10 bits would move the small differences that a study rests on.
        torch.backends.cudnn.allow_tf32 = False
        self.model = self.model.to(self.device).eval()
        self._torch = torch

    def weights(self) -> dict[str, str]:
        return {"file": str(self._path), "sha256": cached_checksum(self._path)}

    def embed(self, pictures: np.ndarray) -> np.ndarray:
        return self._numbers(self._vectors(pictures))

    def _vectors(self, pictures: np.ndarray) -> torch.Tensor:
        with self._torch.inference_mode():
            return self._torch.cat([self._flat(layer) for layer in self._layers(pictures)], dim=1)

    def _layers(self, pictures: np.ndarray) -> list[torch.Tensor]:
        """Return the features of each layer (N, C, h, w), of length 1 at every place, times the root of the weights."""
        features = self.model.net(self.model.scaling_layer(self._tensor(pictures)))
        return [
            layer / (layer.square().sum(dim=1, keepdim=True).sqrt() + 1e-10) * scale.model[-1].weight.sqrt()
            for layer, scale in zip(features, self.model.lins, strict=True)
        ]

    def _flat(self, layer: torch.Tensor) -> torch.Tensor:
        """Return the part (N, D) of one layer, whose squared differences are averaged over places."""
        return layer.flatten(1) / (layer.shape[2] * layer.shape[3]) ** 0.5

    def _stack(self, rows: Sequence[torch.Tensor]) -> torch.Tensor:
        return self._torch.stack(list(rows))

    def _numbers(self, values: torch.Tensor) -> np.ndarray:
        return values.cpu().numpy()

    def _pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        with self._torch.inference_mode():
            return self.model(self._tensor(first), self._tensor(second)).flatten().cpu().numpy()

    def _tensor(self, pictures: np.ndarray) -> torch.Tensor:
        return self._torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).to(self.device)


class PlaceFreeLPIPS(LPIPS):
    """LPIPS's features and weights, averaged over all places before they are compared.

    LPIPS compares place by place: a photograph that was shifted is far from itself. Here only what the picture holds
    counts, not where: per channel the mean over places and the standard deviation, the statistics that carry texture
    and style (Huang and Belongie, 2017; the texture term of DISTS, Ding et al., 2020, compares such means).

    Args:
        net, weights, download: as for `LPIPS`.
    """

    def __init__(self, net: str = "alex", weights: str | Path | None = None, download: bool = False) -> None:
        super().__init__(net, weights, download)
        self.name, self.label = f"{net}-place-free", f"place-free features ({TITLES[net]})"

    def _flat(self, layer: torch.Tensor) -> torch.Tensor:
        spread, mean = self._torch.std_mean(layer.flatten(2), dim=2, correction=0)
        return self._torch.cat([mean, spread], dim=1)

    _pairs = EmbeddingDistance._pairs


def _find(net: str) -> Path | None:
    name, features = ASSETS[net]
    trunks = [folder / "weights" / features for folder in assets.folders()]
    return assets.find(name) or next((path for path in trunks if path.is_file()), None)


def _import() -> tuple:
    """Import torch and lpips into a process that may have TensorFlow in it already.

    Importing torchvision brings in Triton, torch's compiler, whose LLVM and TensorFlow's end the process together when
    TensorFlow came first. LPIPS never compiles anything, so Triton stays out.
    """
    if "tensorflow" in sys.modules:
        sys.modules.setdefault("triton", None)
    try:
        import lpips
        import torch
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"LPIPS needs the package {error.name}, which is not installed. In the course's folder: make lpips. "
            "Elsewhere: pip install 'featviz-helpers[lpips]'. The bundled distance('shapesnet') needs neither.",
            name=error.name,
        ) from None
    return torch, lpips
