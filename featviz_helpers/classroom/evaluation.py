"""The questions of the assignment about evaluation: top images in a stream, controls, a permutation test."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from .given import TOP
from .marks import Mistake, Question, Verdict, compare, flaw, given_to
from .variants import Variant

DRAWS = 2000  # that the notebook asks for
SIGMAS = 4.5  # standard errors of a p-value: one right answer in 100,000 lies further off
LEVEL = 0.05


def best(activations: np.ndarray, latest: bool = False) -> np.ndarray:
    """Return the positions (C, k) of the strongest images of each channel; of equal ones the earlier, or the later."""
    if latest:
        flipped = np.argsort(-activations[::-1], axis=0, kind="stable")[:TOP]
        return (len(activations) - 1 - flipped).T
    return np.argsort(-activations, axis=0, kind="stable")[:TOP].T


def _top_values(answer: Any, variant: Variant) -> Verdict:
    (activations,) = given_to(variant, "activations")
    highest = np.sort(activations, axis=0)[::-1].T
    mistakes = (
        Mistake(0.5, "in ascending order", highest[:, :TOP][:, ::-1]),
        Mistake(0.25, "the weakest, not the strongest", highest[:, ::-1][:, :TOP]),
    )
    return compare(answer, highest[:, :TOP], mistakes)


def _top_images(answer: Any, variant: Variant) -> Verdict:
    activations, bounds = given_to(variant, "activations", "batches")
    truth = best(activations)
    if wrong := flaw(answer, truth.shape):
        return Verdict(0.0, wrong)
    within = truth - bounds[np.searchsorted(bounds, truth, side="right") - 1]
    mistakes = (
        Mistake(0.7, "of equal images the later one is kept", best(activations, latest=True)),
        Mistake(0.5, "places in the batch, not in the data set", within),
        Mistake(0.25, "the weakest, not the strongest", best(-activations)),
        Mistake(0.2, "of the last batch alone", bounds[-2] + best(activations[bounds[-2] :])),
    )
    verdict = compare(answer, truth, mistakes, tolerance=0.0)
    if verdict.share < 1.0 and np.isin(answer, np.arange(len(activations))).all():
        unit = np.arange(truth.shape[0])[:, None]
        values = activations[answer.astype(int), unit]
        distinct = all(len(set(row)) == TOP for row in answer.tolist())
        if distinct and np.array_equal(values, activations[truth, unit]):
            return Verdict(0.7, "as strong, and of equal images it is not the earlier one")
    return verdict


def _natural_ceiling(answer: Any, variant: Variant) -> Verdict:
    (pairs,) = given_to(variant, "pairs")
    images = pairs.shape[1]
    truth = pairs.sum(axis=(1, 2)) / (images * (images - 1))
    mistakes = (
        Mistake(0.5, "each image is compared with itself too, which costs nothing", pairs.mean(axis=(1, 2))),
        Mistake(0.4, "the nearest of the others, not their mean",
                (pairs + np.eye(images) * 9).min(axis=2).mean(axis=1)),
        Mistake(0.4, "the first image alone is left out", pairs[:, 0].sum(axis=1) / (images - 1)),
    )  # fmt: skip
    return compare(answer, truth, mistakes)


def _beats_grey(answer: Any, variant: Variant) -> Verdict:
    own, grey = given_to(variant, "own", "grey")
    truth = (own < grey).mean(axis=1)
    mistakes = (
        Mistake(0.25, "the share that is farther than grey", 1 - truth),
        Mistake(0.5, "compared with grey's mean, and not channel by channel", (own < grey.mean()).mean(axis=1)),
        Mistake(0.25, "means compared, and not channel by channel", own.mean(axis=1) < grey.mean()),
    )
    return compare(answer, truth, mistakes, whole=True)  # some shares are 0, and zeros are no answer


def residuals(matrices: np.ndarray) -> np.ndarray:
    """Return distances (..., n, n) without what each picture and each set has on average."""
    rows, columns = (matrices.mean(axis=axis, keepdims=True) for axis in (-1, -2))
    return matrices - rows - columns + matrices.mean(axis=(-2, -1), keepdims=True)


def _own(matrices: np.ndarray) -> np.ndarray:
    return -np.einsum("mii->m", residuals(matrices)) / matrices.shape[-1]


def _specificity(answer: Any, variant: Variant) -> Verdict:
    (matrices,) = given_to(variant, "matrices")
    own, size = np.einsum("mii->mi", matrices), matrices.shape[-1]
    others = (matrices.sum(axis=2) - own) / (size - 1)
    truth = _own(matrices)
    mistakes = (
        Mistake(0.5, "the sign: a picture that is nearer to its own set has a positive one", -truth),
        Mistake(0.3, "others minus own: what makes a picture or a set ordinary is still in it",
                (others - own).mean(axis=1)),
        Mistake(0.5, "a sum over the pictures, where a mean is wanted", size * truth),
    )  # fmt: skip
    return compare(answer, truth, mistakes, tolerance=0.01)


@cache
def _deals(size: int) -> np.ndarray:
    return np.array(list(permutations(range(size))))


def exact_p(matrices: np.ndarray, two_sided: bool = False) -> np.ndarray:
    """Return the p of each matrix (M, n, n): the share of all deals of the sets that fit as well as the real one."""
    size = matrices.shape[-1]
    deals = _deals(size)
    dealt = -residuals(matrices)[:, np.arange(size), deals].mean(axis=-1)
    real = _own(matrices)[:, None]
    if two_sided:
        return (np.abs(dealt) >= np.abs(real) - 1e-12).mean(axis=1)
    return (dealt >= real - 1e-12).mean(axis=1)


def _p_values(answer: Any, variant: Variant) -> Verdict:
    (matrices,) = given_to(variant, "matrices")
    truth = exact_p(matrices)
    if wrong := flaw(answer, truth.shape):
        return Verdict(0.0, wrong)
    error = SIGMAS * np.sqrt(truth * (1 - truth) / DRAWS) + 2 / DRAWS
    near = np.abs(answer - truth) <= error
    if near.all() and (answer > 0).all():
        return Verdict(1.0, "right")
    if near.all() and (answer > 0).any():
        return Verdict(0.7, "a p of 0: the deal that was observed is one of those that are counted")
    both = exact_p(matrices, two_sided=True)
    cases = (
        (0.5, "two-sided, and the question has one side", both),
        (0.4, "the other tail", exact_p(-matrices)),
    )
    for share, reason, values in cases:
        if (np.abs(answer - values) <= SIGMAS * np.sqrt(values * (1 - values) / DRAWS) + 2 / DRAWS).all():
            return Verdict(share, reason)
    # Where the p is tiny for everybody, a neighbour's will do: one of them is not enough.
    count = int((near & (answer > 0)).sum())
    return Verdict(0.25 if count == len(truth) - 1 else 0.0, f"{count} of {len(truth)} p-values are right")


def _holm(answer: Any, variant: Variant) -> Verdict:
    (p,) = given_to(variant, "p")
    order = np.argsort(p, axis=1)
    passes = np.take_along_axis(p, order, axis=1) <= LEVEL / np.arange(p.shape[1], 0, -1)
    stands = np.zeros_like(passes)
    np.put_along_axis(stands, order, np.logical_and.accumulate(passes, axis=1), axis=1)
    every = np.zeros_like(passes)
    np.put_along_axis(every, order, passes, axis=1)
    mistakes = (
        Mistake(0.2, "not corrected at all", p <= LEVEL),
        Mistake(0.6, "Bonferroni: every p is compared with the strictest limit", p <= LEVEL / p.shape[1]),
        Mistake(0.6, "it goes on after the first that fails", every),
    )
    return compare(answer, stands.astype(float), mistakes)


QUESTIONS = (
    Question("top_values", "The strongest activations of a stream", 10, _top_values),
    Question("top_images", "Whose they are", 15, _top_images),
    Question("natural_ceiling", "A control: how near are photographs?", 15, _natural_ceiling),
    Question("beats_grey", "A control: grey", 10, _beats_grey),
    Question("specificity", "Specificity", 10, _specificity),
    Question("p_values", "A permutation test", 20, _p_values),
    Question("holm", "Many tests", 10, _holm),
    Question("words", "Can the number be trusted?", 10),
)
