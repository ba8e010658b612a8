"""Which pixels mattered: maps of what a network looks at, and whether such a map can be believed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["controls"],
    submod_attrs={
        "backprop": ["deconvnet", "guided_backprop", "peak_neuron"],
        "baselines": ["baseline_images"],
        "cams": ["grad_cam", "guided_grad_cam", "score_cam"],
        "curves": ["Curves", "removal_curves"],
        "gradients": ["gradient", "gradient_times_input", "magnitude", "saliency", "smoothgrad"],
        "integrated": ["Integrated", "integrated_gradients"],
        "windows": ["Windows", "occlusion"],
        "pointing": ["Mosaics", "grid_pointing", "mosaics", "share_inside"],
        "permuted": ["cascade", "randomised"],
        "ranks": ["rank_correlation"],
    },
)
