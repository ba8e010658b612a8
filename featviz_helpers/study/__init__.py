"""Which method's pictures are true: sweeps over methods, controls, statistics, verdict."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["controls", "crowd", "figures", "methods", "plan", "report", "study", "verdict"]
)
