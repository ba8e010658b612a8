"""Tell a student right from wrong."""

from .answers import *  # noqa: F403
