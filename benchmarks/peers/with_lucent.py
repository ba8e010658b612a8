"""torch-lucent: `render_vis` on a batch with one channel objective per image, as its documentation shows.

Call as `python with_lucent.py TRUNK SIZE documented|tuned`. The documentation hands over `model.eval()` and no more;
PyTorch then also computes the gradients of all weights, and its convolutions convert their layout. "tuned" hands over
the fastest model that needs no change of Lucent: weights frozen, channels last.
"""

import sys

import numpy as np
import torch
from lucent.optvis import objectives, param, render, transform
from protocol import RATE, Climber, serve
from torch_trunk import BLOCK, load


class Lucent(Climber):
    """Pixels instead of its default Fourier coefficients, so that all libraries move the same thing."""

    packages = ("torch-lucent", "torch", "torchvision", "kornia")

    def __init__(self, trunk: dict[str, np.ndarray], size: int, how: str) -> None:
        super().__init__(trunk, size)
        self.how, self.model = how, load(trunk)
        if how == "tuned":
            self.model = self.model.requires_grad_(False).to(memory_format=torch.channels_last)
        self.transforms = [
            transform.pad(16, mode="constant", constant_value=0.5),
            transform.jitter(16),
            transform.random_scale([0.95, 0.975, 1.0, 1.025, 1.05]),
            transform.random_rotate(list(range(-5, 6))),
            transform.jitter(8),
        ]

    def differences(self) -> dict[str, str]:
        """See `Climber`."""
        hands_over = {
            "documented": "model.eval(), so that weight gradients are computed as well",
            "tuned": "weights frozen and channels last (not in its documentation)",
        }
        return {
            "image": "pixels through a sigmoid",
            "gradient": "as it is, then Adam",
            "batch": "one call, a sum of one objective per image",
            "network": f"torchvision's blocks, batch norm as loaded; {hands_over[self.how]}",
            "compiled": "nothing: PyTorch runs operation by operation",
            "transforms": "pad 16, jitter 16, scale in five values 0.95-1.05, rotate -5 to 5 degrees, jitter 8, one "
            "draw for the batch; fixed_image_size, so that the network sees the image size",
        }

    def image(self, channels: list[int]) -> tuple:
        """Return parameters and what makes images of them."""
        return param.image(self.size, batch=len(channels), fft=False, decorrelate=False)

    def maximize(self, channels: list[int], steps: int, transforms: bool) -> np.ndarray:
        """See `Climber`."""
        each = [objectives.channel(BLOCK, channel, batch=index) for index, channel in enumerate(channels)]
        images = render.render_vis(
            self.model,
            objectives.Objective.sum(each),
            param_f=lambda: self.image(channels),
            optimizer=lambda parameters: torch.optim.Adam(parameters, lr=RATE),
            transforms=[*(self.transforms if transforms else []), stretch],
            thresholds=(steps,),
            preprocess=False,  # its own is for networks with torchvision's normalisation
            fixed_image_size=self.size if transforms else None,
            progress=False,
            show_image=False,
        )
        return stretch(images[-1])

    def start(self, channels: list[int]) -> np.ndarray:
        """See `Climber`."""
        _, image = self.image(channels)
        return stretch(render.tensor_to_img_array(image()))

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Climber`."""
        with torch.no_grad():
            return self.model(torch.tensor(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()


def stretch(images: np.ndarray | torch.Tensor) -> np.ndarray | torch.Tensor:
    """Map Lucent's [0, 1] to the network's [-1, 1]."""
    return 2.0 * images - 1.0


if __name__ == "__main__":
    serve(Lucent, sys.argv[3])
