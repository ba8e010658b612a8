"""The study: which method's pictures come closest to what really drives a channel, and whether that can be believed.

Every cell (method, value, channel, seed) is climbed, and its picture compared with the top-9 images of its own channel
and of background channels. The cells of a method are one batch, kept on disk, so that a study that was stopped goes on.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..ascent.objectives import channel
from ..ascent.score import score
from ..common.errors import damage_named
from ..common.files import replacing
from ..common.provenance import of_rooms
from ..data.image_sets import ImageSet
from ..exemplars.tables import Exemplars
from ..metrics.answer_key import Grader
from ..metrics.distance_base import Distance
from ..models.backbone import Backbone
from . import controls
from .methods import METHODS, check_values, default, half_of, method, run_methods
from .parts import Part, PartFiles
from .plan import StudyPlan
from .scores import ExemplarScores
from .statistics import ranked_values
from .tables import Tables

REQUEST = "request.json"


class Study:
    """A study of one network on one data set with one distance.

    Args:
        plan: what to compare.
        backbone: the network.
        data: the images that `exemplars` were found in.
        exemplars: of the plan's layer.
        distance: between pictures.
        out: folder for the tables; parts of an unfinished study are kept there and used. The same study with other
            methods may go on there.
        grader: where the answer key is known, adds a grade of every picture.
        place_free: a second judge beside `distance`.
        batch: most pictures climbed at once; by default what fits a small machine.

    Attributes:
        scores: of pictures, for the plan's channels and background channels.

    Raises:
        ValueError: as for `ExemplarScores`; or values that do not fit the size, or a folder that holds another study.
    """

    def __init__(
        self, plan: StudyPlan, backbone: Backbone, data: ImageSet, exemplars: Exemplars, distance: Distance, out: Path,
        grader: Grader | None = None, place_free: Distance | None = None, batch: int | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.data, self.out, self.grader, self.batch = plan, data, Path(out), grader, batch
        self.scores = ExemplarScores(
            backbone, data, exemplars, distance, plan.channels, plan.background, plan.layer, plan.size, plan.k,
            place_free,
        )  # fmt: skip
        self.parts = PartFiles(self.out / "parts")
        check_values(backbone, self.scores.layer, plan.methods, plan.size)
        self._check_folder()

    def _request(self) -> dict[str, Any]:
        """What makes two studies the same, as plain values."""
        plan = self.plan.model_dump(mode="json")
        methods = plan.pop("methods")
        return {
            "plan": plan,
            "methods": methods,
            "network": self.scores.exemplars.meta["weights"],
            "data": self.scores.exemplars.meta["fingerprint"],
            "scan": {key: self.scores.exemplars.meta[key] for key in ("policy", "size", "precision")},
            "distance": ", ".join(judge.name for judge in self.scores.judges.values()),
            "graded": self.grader is not None,
            "code": of_rooms(),  # or numbers of two versions would stand in one table
        }

    def _check_folder(self) -> None:
        """Refuse a folder with another study, and write down the request of this one."""
        request, path = self._request(), self.out / REQUEST
        if path.is_file():
            with damage_named(path):
                earlier = json.loads(path.read_text())
                methods = earlier["methods"]
            differs = [key for key in request if key != "methods" and earlier.get(key) != request[key]]
            differs += [f"values of {name}" for name, v in request["methods"].items() if methods.get(name, v) != v]
            if differs:
                remedy = "Choose another folder" + (", or delete it" if differs == ["code"] else "")
                raise ValueError(f"'{self.out}' holds a study that differs in its {', '.join(differs)}. {remedy}.")
            request["methods"] = methods | request["methods"]
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(request, indent=2))

    def run(self, log: Callable[[str], None] = print) -> Tables:
        """Run what is not finished yet.

        Args:
            log: called with one line per finished part.

        Returns:
            All tables.
        """
        plan, tables, trials = self.plan, [], []
        for name, values in plan.methods.items():
            self._climb_together(name, values)
            table = self._run_part(Part("study", name, values, plan.channels, plan.seeds), log)
            best = ranked_values(table)[: None if name == "none" else plan.trial_values]
            chosen = [value for value in values if value in best]
            trial = Part("trial", name, chosen, self.scores.background, plan.trial_seeds)
            tables.append(table)
            trials.append(self._run_part(trial, log))
        snapshots = self.parts.finished("snapshots", self._climb_snapshots, log)
        scored = self.parts.finished("controls", self._score_controls, log)
        rows = {"study": pd.concat(tables), "trial": pd.concat(trials), "controls": scored}
        return Tables.of(snapshots, **rows)

    def _climb_together(self, name: str, values: Sequence[float]) -> None:
        """Climb both parts of a method as one batch where they differ in nothing but channels: it compiles once."""
        plan = self.plan
        if plan.trial_values or plan.seeds != plan.trial_seeds:
            return
        parts = [Part("study", name, values, plan.channels, plan.seeds)]
        parts.append(Part("trial", name, values, self.scores.background, plan.seeds))
        if any(self.parts.has(part.name) for part in parts):
            return
        began = time.perf_counter()
        rows, images = self._climb(Part("both", name, values, self.scores.all_channels, plan.seeds))
        seconds = (time.perf_counter() - began) / len(rows)
        for part in parts:
            own = rows["channel"].isin(part.channels)
            self.parts.keep(part, rows[own].reset_index(drop=True).assign(seconds=seconds), images[own])

    def _run_part(self, part: Part, log: Callable[[str], None]) -> pd.DataFrame:
        """Read the table of a part, after running it if it is not there yet."""
        if not self.parts.has(part.name):
            began = time.perf_counter()
            rows, images = self._climb(part)
            self.parts.keep(part, rows.assign(seconds=(time.perf_counter() - began) / len(rows)), images)
        return self.parts.read(part.name, log)

    def _climb(self, part: Part) -> tuple[pd.DataFrame, np.ndarray]:
        """Climb and score all cells of a part; return its rows and its pictures."""
        scores = self.scores
        results = run_methods(
            scores.backbone, scores.layer, part.channels, {part.method: part.values}, **self._options(part.seeds)
        )
        cells, result = results[part.method]
        rows = pd.DataFrame({"method": part.method, "value": cells.value, "channel": cells.channel, "seed": cells.seed})
        halves = [1 - half_of(seed) for seed in cells.seed] if method(part.method).aligns else None
        # Whatever is climbed, its first term is the mean activation of the channel.
        scored = scores.rows(result.images, cells.channel, result.terms[:, 0], halves)
        rows = pd.concat([rows, scored], axis=1)
        if self.grader:
            rows = pd.concat([rows, self.grader.grade(result.images, cells.channel)], axis=1)
        return rows, result.images

    def _options(self, seeds: Sequence[int]) -> dict[str, Any]:
        plan = self.plan
        own = {"steps": plan.steps, "size": plan.size, "precision": plan.precision}
        return own | {"seeds": seeds, "dead": "mark", "halves": self.scores.halves, "batch": self.batch}

    def _climb_snapshots(self) -> pd.DataFrame:
        """Climb the background channels once without a regulariser, and score the pictures on the way."""
        scores, value = self.scores, default("none", self.scores.backbone.name)
        options = self._options(self.plan.trial_seeds) | {"snapshots": moments(self.plan.steps)}
        results = run_methods(scores.backbone, scores.layer, scores.background, {"none": value}, **options)
        cells, result = results["none"]
        tables = []
        for step, images in result.snapshots.items():
            activations = score(scores.backbone, channel(scores.layer, cells.channel), images)
            rows = pd.DataFrame({"channel": cells.channel, "seed": cells.seed, "step": step, "activation": activations})
            for judge in scores.judges:
                near = scores.closeness(scores.distances(images, judge=judge), cells.channel)
                rows[f"{judge}exemplar_distance"] = near["exemplar_distance"]
            tables.append(rows[~result.dead])
        return pd.concat(tables, ignore_index=True)

    def _score_controls(self) -> pd.DataFrame:
        return controls.score(self.scores, self.base_pictures(), self.plan.seeds)

    def pictures(self, method: str, table: str = "study") -> np.ndarray:
        """Return the pictures of a finished method in the order of its rows, (N, size, size, 3).

        Args:
            method: name; of the trial only "none" is kept.
            table: "study" or "trial".
        """
        return self.parts.pictures(Part(table, method, (), (), ()))

    def base_pictures(self) -> list[controls.BasePictures]:
        """Return the finished pictures without a regulariser, at the step size nearest to the default."""
        values = np.array(self.plan.methods["none"])
        nearest = np.argmin(np.abs(np.log(values / METHODS["none"].default)))
        base = []
        for table, channels, seeds in (
            ("study", self.plan.channels, self.plan.seeds),
            ("trial", self.scores.background, self.plan.trial_seeds),
        ):
            images = self.pictures("none", table)
            shape = images.shape[1:]
            images = images.reshape(len(seeds), len(channels), len(values), *shape)[:, :, nearest].reshape(-1, *shape)
            base.append(controls.BasePictures(images, channels * len(seeds), np.repeat(seeds, len(channels))))
        return base


def moments(steps: int) -> list[int]:
    """Return after which steps of a climb a picture is kept: a quarter more each time, and the last."""
    return sorted({*np.geomspace(1, steps, 24).round().astype(int).tolist(), steps})
