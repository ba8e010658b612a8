"""Keras's InceptionV3 up to mixed6 in torchvision's blocks, for libraries of PyTorch."""

from collections import OrderedDict

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.models import Inception3, inception

BLOCK = "Mixed_6d"  # what Keras calls mixed6
BLOCKS = (
    *("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
    *("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", BLOCK),
)


def average(images: torch.Tensor) -> torch.Tensor:
    """Average over 3 x 3 like Keras, which leaves the padding out; torchvision's blocks count its zeros."""
    return F.avg_pool2d(images, kernel_size=3, stride=1, padding=1, count_include_pad=False)


class BlockA(inception.InceptionA):
    """torchvision's block with Keras's average."""

    def _forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return [self.branch1x1(x), five, three, self.branch_pool(average(x))]


class BlockC(inception.InceptionC):
    """torchvision's block with Keras's average."""

    def _forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return [self.branch1x1(x), seven, double, self.branch_pool(average(x))]


def load(trunk: dict[str, np.ndarray]) -> torch.nn.Module:
    """Return torchvision's trunk with Keras's weights."""
    kinds = [inception.BasicConv2d, BlockA, inception.InceptionB, BlockC, inception.InceptionD, inception.InceptionE]
    kinds.append(inception.InceptionAux)
    whole = Inception3(aux_logits=False, inception_blocks=kinds, init_weights=False)
    model = torch.nn.Sequential(OrderedDict((name, getattr(whole, name)) for name in BLOCKS))
    units = [module for module in model.modules() if isinstance(module, inception.BasicConv2d)]
    for index, unit in enumerate(units):
        arrays = {part: torch.tensor(trunk[f"{part}_{index}"]) for part in ("kernel", "beta", "mean", "variance")}
        state = unit.state_dict()
        state["conv.weight"] = arrays["kernel"].permute(3, 2, 0, 1)
        state["bn.weight"] = torch.ones_like(arrays["beta"])  # Keras's InceptionV3 has no gamma
        state["bn.bias"], state["bn.running_mean"] = arrays["beta"], arrays["mean"]
        state["bn.running_var"] = arrays["variance"]
        unit.load_state_dict(state)
    return model.eval()
