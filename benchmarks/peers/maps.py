"""The second comparison of `peers.py`: the same maps of the same answers."""

import statistics
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from peer_tables import OURS, markdown, number
from peer_worker import Worker
from scipy.stats import spearmanr

METHODS = ("saliency", "gradient x input", "guided", "Grad-CAM", "SmoothGrad", "integrated gradients", "occlusion")
ALIKE = 0.9  # rank correlation of the maps from which on times are compared


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Return the rank correlation of two libraries' maps (N, h, w), mean over the images.

    Where the sizes differ, as they do for Grad-CAM, the larger map is averaged over the places of the smaller one.
    """
    if one.shape[1] > other.shape[1]:
        one, other = other, one
    times = other.shape[1] // one.shape[1]
    other = other.reshape(len(other), one.shape[1], times, one.shape[2], times).mean(axis=(2, 4))
    pairs = zip(one.reshape(len(one), -1), other.reshape(len(other), -1), strict=True)
    return float(np.mean([spearmanr(*pair).statistic for pair in pairs]))


def measure(workers: Mapping[str, Worker], folder: Path, options: dict) -> dict:
    """Call every method of every library once, compare the maps, and time what agrees, in alternating rounds."""
    entries = {name: {**worker.ready, "methods": {}} for name, worker in workers.items()}
    for method in METHODS:
        first = {}
        for name, worker in workers.items():
            file = folder / f"{name}.npy"
            task = {"method": method, "count": options["images"], "turn": 0, "file": str(file)}
            entries[name]["methods"][method] = {"first_s": worker.ask("maps", **task)["seconds"], "calls_s": []}
            first[name] = np.load(file)
        for name, entry in entries.items():
            entry["methods"][method]["alike"] = alike(first[OURS], first[name])
        timed = [name for name in workers if entries[name]["methods"][method]["alike"] >= ALIKE]
        for turn in range(options["rounds"]):
            # Whoever comes first in one round comes last in the next; classes alternate, so nothing can be kept.
            for name in timed[turn % len(timed) :] + timed[: turn % len(timed)]:
                task = {"method": method, "count": options["images"], "turn": turn + 1}
                entries[name]["methods"][method]["calls_s"].append(workers[name].ask("maps", **task)["seconds"])
    return {"setting": options, "libraries": entries}


def table(report: Mapping) -> str:
    """Return one row per method: milliseconds an image, and the others' time as a multiple of ours."""
    libraries, images = report["libraries"], report["setting"]["images"]
    others = [name for name in libraries if name != OURS]
    heads = [f"{name}{what}" for name in others for what in (", ms", " to ours", ", maps alike")]
    rows = []
    for method in METHODS:
        ours = libraries[OURS]["methods"][method]["calls_s"]
        cells = [number(1000 * statistics.median(ours) / images, 1)]
        for name in others:
            entry = libraries[name]["methods"][method]
            ratios = [one / own for one, own in zip(entry["calls_s"], ours, strict=False)]
            middle = statistics.median(entry["calls_s"]) if ratios else None
            cells.append(number(middle and 1000 * middle / images, 1))
            cells.append(number(statistics.median(ratios) if ratios else None, 2))
            cells.append(number(entry["alike"], 3))
        rows.append((method, *cells))
    return markdown(("ms an image", OURS, *heads), rows)


def text(report: Mapping) -> str:
    """Return the whole report for people."""
    setting = report["setting"]
    parts = [
        f"EfficientNet-Lite0, {setting['images']} images of 224 px, {setting['cores']} cores, "
        f"median of {setting['rounds']} rounds; a map with a rank correlation below {ALIKE} is not timed",
        f"Load of the machine before it began: {setting['load']}; what others run makes all numbers larger.",
        table(report),
    ]
    for name, entry in report["libraries"].items():
        versions = ", ".join(f"{package} {version}" for package, version in entry["versions"].items())
        first = ", ".join(f"{method} {one['first_s']:.1f}" for method, one in entry["methods"].items())
        lines = [f"{name}: {versions}, Python {entry['python']}", f"  first calls, s: {first}"]
        parts.append("\n".join([*lines, *(f"  {aspect}: {words}" for aspect, words in entry["differences"].items())]))
    return "\n\n".join(parts)
