"""Feature visualisation, small and readable: `import featviz_helpers as fv`.

Names load on first use, so that `import featviz_helpers` and the command line start without TensorFlow.
"""

import os
from importlib.metadata import version
from typing import Any

import lazy_loader

from .common.errors import nearest

# TensorFlow reads these when it is imported, so this package is imported before it. Without a card it announces, in
# a red box in every notebook, a CUDA error that is none; `featviz doctor` says whether a card is there and seen.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# By itself it leaves its faster convolutions (oneDNN) off on processors without AVX-512, where they are faster too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = version("featviz-helpers")
_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Load a name of `__init__.pyi` at its first use."""
    if name not in __all__:
        raise AttributeError(f"featviz_helpers has no '{name}': {nearest(name, __all__)}")
    return _load(name)
