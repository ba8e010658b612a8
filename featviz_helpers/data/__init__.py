"""Pictures in and out, and sets of them: files, folders, and Shapes with its answer key."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["decode", "image_files", "image_sets", "images", "shapes", "shapes_outlines"]
)
