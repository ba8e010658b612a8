"""A variant for every student: which channel is theirs, and the numbers that their answers are computed from."""

import hashlib
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..common.checks import choice, refusal
from ..common.random_streams import image_key, start_uniform
from .keys import LAYER, channels

ASSIGNMENTS = ("dreams", "regularisers", "evaluation")
LONGEST_ID = 100
PRACTICE = "practice"  # whose inputs the notebooks try a function on; nobody is called so
NOBODY = "write your id here"  # what stands in the notebooks before a student has written an id


@dataclass(frozen=True)
class Variant:
    """What one student works on in one assignment. The same two names give the same numbers everywhere.

    Args:
        assignment: one of `ASSIGNMENTS`.
        student: the id that the teacher knows the student by; spaces around it, capitals, and
            whether an accent is a character of its own do not count.

    Raises:
        ValueError: an unknown assignment, or an id that is empty, longer than 100 characters or not printable.
    """

    assignment: str
    student: str
    seed: int = field(init=False)

    def __post_init__(self) -> None:
        choice("the assignment", self.assignment, ASSIGNMENTS)
        name = student_id(self.student)
        object.__setattr__(self, "student", name)
        digest = hashlib.sha256(f"{self.assignment}/{name}".encode()).digest()
        object.__setattr__(self, "seed", int.from_bytes(digest[:6], "big"))

    @cached_property
    def channel(self) -> int:
        """The student's channel of `LAYER` of ShapesNet."""
        known = channels()
        return known[self.seed % len(known)]

    @property
    def layer(self) -> str:
        """The layer of the channel."""
        return LAYER

    def uniform(self, what: str, *shape: int) -> np.ndarray:
        """Draw float32 numbers in [0, 1), the same for the same student, `what` and shape on every machine."""
        return start_uniform(self.seed, image_key(what), shape)

    def order(self, what: str, count: int) -> np.ndarray:
        """Return the numbers 0 to count - 1 in a drawn order."""
        return np.argsort(self.uniform(what, count), kind="stable")


def student_id(text: object) -> str:
    """Return an id as it is compared: without spaces around it, in small letters, accents in one with them.

    Raises:
        ValueError: it is empty, too long or not printable.
    """
    name = comparable(text) if isinstance(text, str) else ""
    if not name or len(name) > LONGEST_ID or not name.isprintable():
        raise refusal(
            "the student", f"an id of 1 to {LONGEST_ID} printable characters", text, "Write the id your teacher gave."
        )
    return name


def same_id(one: str, other: str) -> bool:
    """Return whether two ids are one student's, as `student_id` compares them."""
    return comparable(one) == comparable(other)


def comparable(text: str) -> str:
    """Return text as ids are compared: without spaces around it, in small letters, `composed`."""
    return composed(text.strip().casefold())


def composed(text: str) -> str:
    """Return text with an accent and its letter in one character: a Mac parts them in the names of files."""
    return unicodedata.normalize("NFC", text)
