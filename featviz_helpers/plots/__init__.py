"""Every figure of the course, in one style."""

import lazy_loader

from .alt import register

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "bar_plots": ["bars"],
        "embeddings": ["image_grid", "image_scatter", "unit_panel"],
        "exemplars": ["exemplar_sheet", "round_sheet"],
        "field_frames": ["frames"],
        "line_plots": ["curves", "spectrum_curves"],
        "maps": ["heat"],
        "overlays": ["overlay"],
        "pictures": ["compare", "show", "zoom"],
        "heat_tables": ["tables"],
        "scatter": ["point_maps"],
    },
)

register()
