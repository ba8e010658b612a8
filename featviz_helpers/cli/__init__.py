"""The command line, without logic of its own: what was typed becomes calls of the other rooms."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["main"])
