"""Assignments: what each student is given, the file of answers, and the points that answers earn."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "climbing": ["climb"],
        "grading": ["grade"],
        "reading": ["read_answers"],
        "sheet": ["Sheet"],
        "variants": ["Variant"],
    },
)
