"""Numbers about pictures: perceptual distances, spectra, grades against the answer key."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["answer_key", "spectra", "tuning"],
    submod_attrs={
        "answer_key": ["Grader"],
        "distance_base": ["Distance"],
        "distances": ["distance"],
        "spectra": ["high_frequency"],
        "tuning": ["TuningCurve", "tuning_curves"],
    },
)
