"""What images do to a network: the strongest and weakest of every channel, and which images are near each other."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "clusters": ["Facets", "facets"],
        "embeddings": ["embed", "neighbours", "right_by_neighbours", "scramble"],
        "flat_maps": ["kept_neighbours", "snap_to_grid", "tsne"],
        "rounds": ["Round", "two_alternatives"],
        "scan": ["find_exemplars", "write_exemplars"],
        "tables": ["Exemplars"],
    },
)
