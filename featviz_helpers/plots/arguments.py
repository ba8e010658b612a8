"""What the figures of this room are given, checked before anything is drawn."""

import numpy as np

from ..common.checks import flag, instance, is_list, number_above, refusal, shown, whole_number

BRIGHTEST = 2.0  # the largest difference of two pictures; beyond it they are surely not in [-1, 1]


def check_pictures(name: str, pictures: object, any_range: bool = False) -> list[np.ndarray]:
    """Return a batch, or a list of pictures of any sizes, as a list of arrays; a dead start is NaN and passes.

    Args:
        name: what the message calls them.
        pictures: (N, H, W, 3), or (H, W, 3) each.
        any_range: True where their tones are spread anyway.

    Raises:
        ValueError: something else, whole numbers such as uint8, or values far outside [-1, 1].
    """
    given = np.asarray(pictures) if hasattr(pictures, "__array__") else pictures
    listed = getattr(given, "ndim", 4) == 4 and is_list(given)
    several = [np.asarray(one, None if hasattr(one, "__array__") else object) for one in given] if listed else []
    if not several or not all(one.ndim == 3 and one.shape[2] == 3 and one.dtype.kind in "fiu" for one in several):
        raise refusal(name, "a batch of pictures (N, H, W, 3) in [-1, 1], or a list of them", pictures)
    for one in several:
        if one.dtype.kind != "f" or (not any_range and np.abs(one).max() > BRIGHTEST):
            what = f"{one.dtype}" if one.dtype.kind != "f" else f"values from {one.min():.4g} to {one.max():.4g}"
            raise ValueError(f"{name} must lie in [-1, 1]; got {what}. Bring uint8 there with fv.from_uint8.")
    return several


def check_labels(labels: object, count: int) -> list[str]:
    """Return one label per picture; empty ones for None.

    Raises:
        ValueError: another number of labels than of pictures, or no list.
    """
    if labels is None:
        return [""] * count
    if not is_list(labels):
        raise refusal("labels", "a list with one per picture, or None", labels)
    words = [str(label) for label in labels]
    if len(words) != count:
        raise ValueError(
            f"There are {len(words)} labels for {count} pictures, {shown(labels)}; give one per picture, or none."
        )
    return words


def check_layout(columns: object, inch: object, stretch: object, title: object) -> None:
    """Raise ValueError for an argument that no figure can be drawn with."""
    if columns is not None:
        whole_number("columns", columns, 1)
    if inch is not None:
        number_above("inch", inch, 0, 1000)
    flag("stretch", stretch)
    instance("title", title, str | None, "text or None")
