"""The study: which method's pictures come closest to what really drives a channel, and whether that can be believed.

Every cell (method, value, channel, seed) is climbed, and its picture compared with the top-9 images of its own channel
and of a crowd of others. The cells of a method are one batch, kept on disk, so that a study that was stopped goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..common.files import replacing
from ..common.provenance import of_rooms
from ..data.image_sets import ImageSet
from ..exemplars.scan import question
from ..exemplars.tables import Exemplars
from ..metrics.answer_key import Grader
from ..metrics.distance import Distance, Summary
from ..models.backbone import Backbone
from .crowd import draw_crowd
from .methods import refuse_unfit, sweep
from .plan import Plan


class Study:
    """A study of one network on one data set with one distance.

    Args:
        plan: what to compare.
        backbone: the network.
        data: the images that `exemplars` were found in.
        exemplars: of the plan's layer.
        distance: the judge.
        out: folder for the tables; parts of an unfinished study are kept there and used. The same study with other
            methods may go on there.
        grader: where the answer key is known, adds what it says of every picture.

    Raises:
        ValueError: a channel that does not exist, a crowd that the layer cannot give, exemplars of another network or
            other images, values that do not fit the size, or a folder that holds another study.
    """

    def __init__(
        self, plan: Plan, backbone: Backbone, data: ImageSet, exemplars: Exemplars, distance: Distance, out: Path,
        grader: Grader | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.backbone, self.data = plan, backbone, data
        self.exemplars, self.distance, self.out, self.grader = exemplars, distance, Path(out), grader
        self.layer = backbone.resolve(plan.layer)
        backbone.check_channels(self.layer, plan.channels)
        if self.layer == backbone.logits:
            raise ValueError("A study needs a layer with maps; class scores have none.")
        self._refuse_other_exemplars()
        refuse_unfit(backbone, self.layer, plan.methods, plan.size)
        self.crowd = draw_crowd(backbone, exemplars, self.layer, plan.crowd, avoid=plan.channels)
        self.everyone = [*plan.channels, *self.crowd]
        self._refuse_another_study()
        self._sets: dict[int, np.ndarray] | None = None
        self._summary: Summary | None = None

    def _refuse_other_exemplars(self) -> None:
        meta = self.exemplars.meta
        here = question(self.backbone, self.data, list(meta["layers"]), self.plan.k, meta["size"])
        for key in ("weights", "fingerprint", "policy"):
            if here[key] != meta[key]:
                raise ValueError(
                    f"The exemplars were found with another {key}: {meta[key]}, and here it is {here[key]}."
                )
        self.exemplars.rows(self.layer, self.plan.channels[0], k=self.plan.k)

    def _refuse_another_study(self) -> None:
        asked = {
            "plan": self.plan.model_dump(mode="json", exclude={"methods"}),
            "methods": self.plan.model_dump(mode="json")["methods"],
            "network": self.exemplars.meta["weights"],
            "data": self.exemplars.meta["fingerprint"],
            "distance": self.distance.name,
            "graded": self.grader is not None,
        }
        path = self.out / "asked.json"
        if path.is_file():
            there = json.loads(path.read_text())
            differs = [key for key in asked if key != "methods" and there.get(key) != asked[key]]
            differs += [
                f"values of {name}" for name, v in asked["methods"].items() if there["methods"].get(name, v) != v
            ]
            if differs:
                raise ValueError(
                    f"'{self.out}' holds a study that differs in its {', '.join(differs)}. Choose another folder."
                )
            asked["methods"] = there["methods"] | asked["methods"]
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(asked, indent=2))

    @property
    def sets(self) -> dict[int, np.ndarray]:
        """Channel -> its top-k images (k, size, size, 3), strongest first."""
        if self._sets is None:
            self._sets = {
                number: np.stack([self.load(name) for name in self.exemplars.top(self.layer, number, k=self.plan.k)])
                for number in self.everyone
            }
        return self._sets

    @property
    def summary(self) -> Summary:
        """The sets of all channels as the distance sees them."""
        if self._summary is None:
            self._summary = self.distance.summarise(self.sets)
        return self._summary

    def load(self, name: str) -> np.ndarray:
        """One image of the data set: (size, size, 3) in [-1, 1]."""
        return self.data.load(self.data.index(name), self.plan.size)

    def run(self, tell: Callable[[str], None] = print) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Run what is not finished yet.

        Args:
            tell: hears one line per finished part.

        Returns:
            The table of the plan's channels, and the table of the trial: columns method, value, channel, seed,
            exemplar_distance, other_distance, specificity, rank, auc, activation, activation_percentile, seconds, code
            (a hash of the library that made them); with a grader also orientation, frequency, hue, class and grade.
        """
        found = {"study": [], "trial": []}
        for method, values in self.plan.methods.items():
            table = self._part("study", method, values, self.plan.channels, self.plan.seeds, tell)
            means = table.groupby("value")["exemplar_distance"].mean()
            best = means.sort_values(na_position="last").index[: None if method == "none" else self.plan.trial_values]
            chosen = [value for value in values if value in best]
            found["study"].append(table)
            found["trial"].append(self._part("trial", method, chosen, self.crowd, self.plan.trial_seeds, tell))
        study, trial = (pd.concat(parts, ignore_index=True) for parts in found.values())
        return study, trial

    def _part(
        self, name: str, method: str, values: Sequence[float], channels: Sequence[int], seeds: Sequence[int],
        tell: Callable[[str], None],
    ) -> pd.DataFrame:  # fmt: skip
        """Read the table of one method, after running it if it is not there yet."""
        path = self._path(name, method)
        if not path.is_file():
            pictures = path.with_suffix(".npz") if name == "study" or method == "none" else None
            table = self._climb(method, values, channels, seeds, pictures)
            with replacing(path) as temporary:
                table.to_parquet(temporary, index=False)
        table = pd.read_parquet(path)
        tell(f"{name}, {method}: {len(table)} pictures, {table['seconds'].sum():.0f} s")
        return table

    def _climb(
        self, method: str, values: Sequence[float], channels: Sequence[int], seeds: Sequence[int], pictures: Path | None
    ) -> pd.DataFrame:
        """Climb all cells of one method and score them; keep the pictures where a path is given."""
        began = time.perf_counter()
        options = {"seeds": seeds, "steps": self.plan.steps, "size": self.plan.size, "dead": "mark"}
        cells, result = sweep(self.backbone, self.layer, channels, {method: values}, **options)[method]
        seconds = (time.perf_counter() - began) / len(cells)
        rows = pd.DataFrame({"method": method, "value": cells.value, "channel": cells.channel, "seed": cells.seed})
        rows = rows.assign(
            **self.grade(self.distances(result.images), cells.channel, result.activations),
            seconds=seconds,
            code=of_rooms(),
        )
        if self.grader:
            rows = pd.concat([rows, self.grader.grade(result.images, cells.channel)], axis=1)
        if pictures:
            with replacing(pictures) as temporary, temporary.open("wb") as file:
                np.savez(file, images=result.images.astype(np.float16))
        return rows

    def made(self, method: str, part: str = "study") -> np.ndarray:
        """The pictures of a finished method, (N, size, size, 3), in the order of its rows; of the trial only "none"."""
        return np.load(self._path(part, method).with_suffix(".npz"))["images"].astype(np.float32)

    def _path(self, name: str, method: str) -> Path:
        return self.out / "parts" / f"{name}-{method.replace(' ', '_')}.parquet"

    def distances(self, images: np.ndarray) -> np.ndarray:
        """Return the mean distance of (N, size, size, 3) pictures to the set of each of `everyone`; NaN for NaN."""
        alive = np.isfinite(images).all(axis=(1, 2, 3))
        found = np.full((len(images), len(self.everyone)), np.nan)
        if alive.any():
            found[alive] = self.distance.to_sets(images[alive], self.summary)
        return found

    def grade(self, distances: np.ndarray, channels: Sequence[int], activations: np.ndarray) -> dict[str, np.ndarray]:
        """Score pictures as those of given channels.

        Args:
            distances: (N, G) from `distances`.
            channels: N of the plan's channels and its crowd.
            activations: (N,), without transforms.

        Returns:
            Columns exemplar_distance (to its own channel's top-k), other_distance (to all other sets), specificity
            (other minus own; above 0 is closer to its own), rank (of its own set, 1 is the closest), auc (share of the
            other sets that are farther; 0.5 is chance), activation, activation_percentile (% of the data set below).
        """
        own_column = np.array([self.everyone.index(number) for number in channels])
        own = distances[np.arange(len(distances)), own_column]
        others = np.where(own_column[:, None] == np.arange(len(self.everyone)), np.nan, distances)
        rest = np.nansum(others, axis=1) / (len(self.everyone) - 1)
        closer = (others < own[:, None]).sum(axis=1)
        ties = (others == own[:, None]).sum(axis=1)
        percentile = [
            self.exemplars.percentile(self.layer, number, value) if np.isfinite(value) else np.nan
            for number, value in zip(channels, activations, strict=True)
        ]
        columns = {
            "exemplar_distance": own,
            "other_distance": rest,
            "specificity": rest - own,
            "rank": closer + 1.0,
            "auc": 1.0 - (closer + ties / 2) / (len(self.everyone) - 1),
            "activation": activations,
            "activation_percentile": np.array(percentile),
        }
        return {name: np.where(np.isfinite(own), values, np.nan) for name, values in columns.items()}
