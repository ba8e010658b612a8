"""Two images, one channel: which of the two drives it more? The task that tells whether a picture of a channel helps.

Borowski et al. (2021) asked people, after showing them what drives the channel. This is their task in small.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..common.arrays import as_array
from ..common.checks import is_list, refusal, whole_number


@dataclass(frozen=True)
class Round:
    """One question.

    Attributes:
        channel: number.
        references: positions of images that drive the channel, strongest first, each from another source.
        queries: positions of the images A and B, which share no source with the references.
        key: "A" or "B", whichever drives the channel more; it is not printed with the round.
    """

    channel: int
    references: tuple[int, ...]
    queries: tuple[int, int]
    key: str = field(repr=False)


def two_alternatives(
    activations: np.ndarray, sources: Sequence[str], count: int = 12, references: int = 3, seed: int = 0
) -> list[Round]:
    """Draw rounds of the two-alternative task, each about another channel.

    For each channel one half of the sources is drawn for the references. From the other half come the queries: the
    image that drives the channel most, and the one that drives it least. The channels are those that images of several
    sources drive clearly: the weakest reference and the strong query stand out furthest from the median image.

    Args:
        activations: (N, C), one row per image and one column per channel.
        sources: what each image was taken from, see `ImageSet.sources`; a photograph never is on both sides.
        count: rounds, 1 to C.
        references: images shown per round, 1 to half of the number of sources.
        seed: of the halves, of the order of the rounds and of that of A and B.

    Returns:
        The rounds.

    Raises:
        ValueError: more rounds than channels whose queries differ, too few sources, or another number than of images.

    Source: Borowski et al., Exemplary Natural Images Explain CNN Activations Better than State-of-the-Art Feature
    Visualization, 2021.
    """
    table = as_array("activations", activations, "an array of numbers (images, channels)", 2, finite=True).astype(float)
    if len(table) < 2:
        raise refusal("activations", "of two images at least, a row for each", activations)
    listed = list(sources) if is_list(sources) else []
    if len(listed) != len(table) or not all(isinstance(one, str) for one in listed):
        raise refusal("sources", f"a list of {len(table)} words, one for each image", sources)
    names, owner = np.unique(listed, return_inverse=True)
    if len(names) < 2:
        raise refusal("sources", "two different ones at least, so that queries come from others", sources)
    most = f"References are of different sources, from one half of {len(names)}."
    references = whole_number("references", references, 1, len(names) // 2, most)
    rng = np.random.default_rng(whole_number("seed", seed, 0, 2**63 - 1))
    drawn = [_question(column, owner, rng, references) for column in table.T]
    order = np.argsort([-clarity for clarity, *_ in drawn], kind="stable")
    clear = [channel for channel in order if drawn[channel][0] > 0]
    if not clear:
        raise refusal("activations", "of channels that images of several sources drive; there is none", activations)
    count = whole_number("count", count, 1, len(clear), f"{len(clear)} channels make a question here.")
    rounds, channels = [], rng.permutation(clear[:count])
    first = rng.integers(2) if count % 2 else 0  # of an odd number, one letter is right once more often
    letters = rng.permutation(list("AB" * count)[first : first + count])
    for channel, key in zip(channels, letters, strict=True):
        _, shown, strong, weak = drawn[channel]
        queries = (strong, weak) if key == "A" else (weak, strong)
        rounds.append(Round(int(channel), shown, queries, str(key)))
    return rounds


def _question(
    column: np.ndarray, owner: np.ndarray, rng: np.random.Generator, references: int
) -> tuple[float, tuple[int, ...], int, int]:
    """Return how far reference and query stand out, in standard deviations, the references, and the two queries."""
    known = np.isin(owner, rng.permutation(owner.max() + 1)[: (owner.max() + 1) // 2])
    order = np.argsort(-column, kind="stable")
    _, first = np.unique(owner[order][known[order]], return_index=True)  # the strongest image of each known source
    shown = order[known[order]][np.sort(first)[:references]]
    strong, weak = order[~known[order]][[0, -1]]
    above = min(column[shown].min(), column[strong]) - np.median(column)
    clarity = above / column.std() if column[strong] > column[weak] else 0.0
    return clarity, tuple(map(int, shown)), int(strong), int(weak)
