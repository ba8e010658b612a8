"""What every room stands on: errors, checks of numbers, files that appear whole, provenance, keyed random numbers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["checks", "errors", "files", "progress", "provenance", "random_streams"],
    submod_attrs={
        "checks": ["number", "whole_number", "whole_numbers"],
        "files": ["checksum", "locked", "replacing", "write_text"],
        "progress": ["format_bytes"],
        "provenance": ["of_rooms"],
        "random_streams": ["image_key", "start_uniform", "step_uniform"],
    },
)
