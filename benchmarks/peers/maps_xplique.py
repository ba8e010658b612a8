"""Xplique's maps of an answer, its explainers built once, as its documentation shows."""

import sys

import keras
import numpy as np
import xplique.attributions as xplique
from protocol import NOISE, STEPS, STRIDE, WINDOW, Explainer, serve


class Xplique(Explainer):
    """Its own defaults but for the numbers that all libraries get."""

    packages = ("xplique", "tensorflow", "keras")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.model = keras.models.load_model(sys.argv[3], compile=False)
        self.outputs = self.model.output_shape[-1]
        last = [
            layer.name for layer in self.model.layers if len(layer.output.shape) == 4 and layer.output.shape[1] != 1
        ]
        self.explainers = {
            "saliency": xplique.Saliency(self.model),
            "gradient x input": xplique.GradientInput(self.model),
            "guided": xplique.GuidedBackprop(self.model, reducer=None),
            "deconvnet": xplique.DeconvNet(self.model, reducer=None),
            "Grad-CAM": xplique.GradCAM(self.model, conv_layer=last[-1]),
            "integrated gradients": xplique.IntegratedGradients(self.model, steps=STEPS),
            "SmoothGrad": xplique.SmoothGrad(self.model, nb_samples=STEPS, noise=NOISE, reducer=None),
            "occlusion": xplique.Occlusion(self.model, patch_size=WINDOW, patch_stride=STRIDE),
        }

    def differences(self) -> dict[str, str]:
        """See `Explainer`."""
        return {
            "network": "batch norm as loaded",
            "batch": "32 at once, of the copies of one call",
            "colours": "the mean over the colours, where ours is their sum: a factor of three",
            "guided": "saturated ReLU6 units let the gradient through",
            "Grad-CAM": "of the last map, as here, and not of its default, the last convolution; enlarged bicubically",
        }

    def maps(self, method: str, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        found = self.explainers[method](images, keras.utils.to_categorical(classes, self.outputs))
        if method in ("guided", "deconvnet", "SmoothGrad"):  # its reducers have no largest absolute value
            return np.abs(found).max(axis=-1)
        return np.asarray(found).reshape(found.shape[:3])

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        return self.model(images, training=False).numpy()


if __name__ == "__main__":
    serve(Xplique)
