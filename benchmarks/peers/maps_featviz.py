"""This project's maps of an answer, of a network that comes as a user's file."""

import sys

import featviz_helpers as fv
import numpy as np
from featviz_helpers import attribution
from protocol import NOISE, STEPS, STRIDE, WINDOW, Explainer, serve


class Featviz(Explainer):
    """`fv.attribution`, with the numbers that all libraries get."""

    packages = ("featviz-helpers", "tensorflow", "keras")

    def __init__(self, trunk: dict[str, np.ndarray], size: int) -> None:
        super().__init__(trunk, size)
        self.backbone = fv.load_model(sys.argv[3])

    def differences(self) -> dict[str, str]:
        """See `Explainer`."""
        return {
            "network": "batch norm folded into the convolutions by the library",
            "batch": "over images and steps, windows or copies together, 32 at once",
            "occlusion": "a pixel gets the mean over the windows that cover it",
        }

    def maps(self, method: str, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        asked = self.backbone, fv.class_score(classes.tolist()), images
        if method == "integrated gradients":
            return attribution.integrated_gradients(*asked, steps=STEPS, tolerance=np.inf).maps
        if method == "SmoothGrad":
            share = NOISE / float(np.mean(np.ptp(images, axis=(1, 2, 3))))
            return attribution.smoothgrad(*asked, noise=share, samples=STEPS)
        if method == "occlusion":
            return attribution.occlusion(*asked, window=WINDOW, stride=STRIDE)
        if method == "Grad-CAM":
            return attribution.grad_cam(*asked, enlarge=False)
        if method == "guided":
            return attribution.magnitude(attribution.guided_backprop(*asked))
        names = {"saliency": "saliency", "gradient x input": "gradient_times_input"}
        return getattr(attribution, names[method])(*asked)

    def answer(self, images: np.ndarray) -> np.ndarray:
        """See `Explainer`."""
        return self.backbone.activations(images, "logits")


if __name__ == "__main__":
    serve(Featviz)
