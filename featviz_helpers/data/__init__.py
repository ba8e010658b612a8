"""Pictures in and out, and sets of them: files, folders, and Shapes with its answer key."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["shapes"],
    submod_attrs={
        "films": ["save_gif"],
        "image_sets": ["ImageFolder", "ImageSet", "ShapesImages"],
        "images": [
            "from_uint8",
            "grey",
            "load_image",
            "noise",
            "photograph",
            "resize",
            "save_image",
            "to_uint8",
        ],
        "photographs": ["PHOTOGRAPHS", "PhotographCrops"],
        "sources": ["open_images"],
    },
)
