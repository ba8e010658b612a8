"""Horama: its `fourier`, once for each channel, with two crops a step.

By default it shows the network six crops of a fifth of a canvas of 1280 pixels in each step. Here the canvas has the
size of all other libraries' images. Two crops are the fewest that it takes, so the network has twice the work.
"""

import numpy as np
import torch
from horama import fourier
from horama.fourier_fv import fourier_preconditionner, get_fft_scale, init_lucid_buffer
from protocol import Climber, serve
from torch_trunk import load

RANGE = (-1.0, 1.0)


class Horama(Climber):
    """Fourier coefficients of one picture at a time: it has neither pixels nor batches."""

    packages = ("horama", "torch", "torchvision")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.model = load(trunk)

    def differences(self) -> dict[str, str]:
        """See `Climber`."""
        return {
            "image": "Fourier coefficients, brought to mean 0 and deviation 1, colours mixed, through a sigmoid",
            "gradient": "as it is, then NAdam with step 1, its default",
            "batch": "none: one call for each channel",
            "network": "torchvision's blocks, batch norm as loaded; weight gradients are computed as well",
            "compiled": "nothing: PyTorch runs operation by operation",
            "transforms": "two crops at random places, resized by way of twice the size, and noise; without transforms "
            "they are as large as the image, and shifted at random, which cannot be switched off",
        }

    def maximize(self, channels: list[int], steps: int, transforms: bool) -> np.ndarray:
        """See `Climber`."""
        changed = {} if transforms else {"box_size": (1.0, 1.0), "noise": 0.0}
        images = []
        for channel in channels:
            image, _ = fourier(
                lambda crops, channel=channel: self.model(crops)[:, channel].mean(),
                total_steps=steps,
                image_size=self.size,
                model_input_size=self.size,
                values_range=RANGE,
                crops_per_iteration=2,
                device="cpu",
                **changed,
            )
            images.append(image)
        return arrays(images)

    def start(self, channels: list[int]) -> np.ndarray:
        """See `Climber`."""
        scale = get_fft_scale(self.size, self.size, 1.5)
        buffers = [init_lucid_buffer(self.size, self.size) for _ in channels]
        return arrays([fourier_preconditionner(buffer, scale, RANGE, "cpu") for buffer in buffers])

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Climber`."""
        with torch.no_grad():
            return self.model(torch.tensor(images).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()


def arrays(images: list[torch.Tensor]) -> np.ndarray:
    """Return (N, H, W, 3) of pictures (3, H, W)."""
    return torch.stack(images).detach().permute(0, 2, 3, 1).numpy()


if __name__ == "__main__":
    serve(Horama)
