"""Every figure of the course, in one style."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "exemplars": ["exemplar_sheet", "round_sheet"],
        "line_plots": ["curves", "spectrum_curves"],
        "maps": ["heat"],
        "overlays": ["overlay"],
        "pictures": ["compare", "show", "zoom"],
        "heat_tables": ["tables"],
    },
)
