"""`explore`: look around in a network with sliders where there are widgets, and as one picture where there are none."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from ..common.checks import choice, file_name, instance, shown, whole_number
from ..common.errors import nearest
from ..data.image_sets import ImageSet
from ..data.images import from_uint8
from ..data.sources import open_images
from ..models.backbone import Backbone
from ..plots.canvas import Cell, Sheet
from ..plots.cells import draw_cells
from .archive import Archive
from .panels import Panel
from .session import Session

WIDGET = "application/vnd.jupyter.widget-view+json"
STATIC = ("picture", "silencer", "histogram", "strongest", "patches", "map")


class Explorer:
    """A window on one network, which opens where it is shown in a notebook.

    Attributes:
        session: the state behind it: `choose(layer, channel)`, `choose_class(label)`, `climb()`, `stop()`.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._view: Any = None

    def __repr__(self) -> str:
        lines = [f"channel {self.session.channel} of {self.session.layer}, {self.session.archive.backbone.name}"]
        return "\n".join([*lines, *(panel.words for name in STATIC if (panel := self.panels.get(name)))])

    @property
    def panels(self) -> Mapping[str, Panel]:
        """What there is to see: name -> picture (H, W, 3) uint8 and the words below it."""
        return self.session.panels

    @property
    def labels(self) -> list[str]:
        """The classes of the images, for which a channel can be selective."""
        return self.session.archive.labels

    @property
    def climbed(self) -> np.ndarray | None:
        """The picture of your climb as it stands: (H, W, 3) in [-1, 1]; None where none was begun."""
        made = self.session.climbed
        return None if made is None else from_uint8(made.image)

    def go(
        self,
        layer: str | None = None,
        channel: int | None = None,
        *,
        label: str | None = None,
        image: str | None = None,
    ) -> Sheet:
        """Go where you say instead of clicking; the window goes along.

        Args:
            layer: layer name; the same by default.
            channel: channel number; the same by default.
            label: one of `labels`, for the channel of the layer that is most selective for it.
            image: what the map is laid over: "its strongest image", "its picture", "china", "flower", or an upload.

        Returns:
            The panels as one figure, when all of them are there.

        Raises:
            ValueError: no such layer, channel, class or image.
        """
        if label is not None and not (isinstance(label, str) and label in self.labels):
            raise ValueError(f"These images have no class {shown(label)}: {nearest(label, self.labels)}")
        if image is not None:
            self.session.look_at(choice("image", image, self.session.images))
        if layer is not None or channel is not None:
            self.session.choose(layer, channel)
        if label is not None:
            self.session.choose_class(label)
        self.session.worker.finish()
        return self.figure()

    def figure(self) -> Sheet:
        """Return the panels as one figure."""
        found = [panel for name in STATIC if (panel := self.panels.get(name)) and panel.image is not None]
        cells = [Cell(from_uint8(panel.image), below=panel.words) for panel in found]
        title = f"Channel {self.session.channel} of {self.session.layer}, {self.session.archive.backbone.name}"
        return draw_cells([cells], title, columns=3, shrink=True)

    def _ipython_display_(self) -> None:
        """Show widgets, and with them the figure for whoever has no widget manager: stored pages, other programs."""
        from IPython import get_ipython
        from IPython.display import display

        figure = self.figure()
        kind, picture = figure.smallest()
        plt.close(figure)  # or the notebook would show it once more at the end of the cell
        words = repr(self)
        bundle: dict[str, Any] = {"text/plain": words, f"image/{kind}": base64.b64encode(picture).decode()}
        if hasattr(get_ipython(), "kernel"):  # a terminal has none, and no widgets
            bundle["text/plain"] = words.splitlines()[0]  # the numbers are in the picture
            bundle[WIDGET] = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
            self.session.worker.start()
        display(bundle, raw=True)

    @property
    def widget(self) -> Any:
        """The widget of ipywidgets, made at the first use."""
        if self._view is None:
            from .view import View

            self._view = View(self.session)
        return self._view.root


def explore(
    backbone: Backbone,
    data: ImageSet | None = None,
    *,
    atlas: str | Path | None = None,
    layer: str = "auto",
    channel: int = 0,
    k: int = 9,
    size: int | None = None,
    seed: int = 0,
) -> Explorer:
    """Open a window on the channels of a network: its pictures, its images, its map of any image, and a live climb.

    All that an atlas of `featviz atlas` has is there at once; the rest is found when it is asked for. In a notebook the
    result shows itself, with sliders and buttons; a stored page and a program without widgets get one picture. The Deep
    Visualization Toolbox (Yosinski et al., 2015) was the first such window.

    Args:
        backbone: the network.
        data: the images; by default those that suit the network, where they need no download.
        atlas: the folder of an atlas of the same network and images.
        layer: where to begin; "auto" for the network's own choice.
        channel: where to begin.
        k: strongest images per channel where no atlas has them, 1 to 64.
        size: side of the climbed pictures in pixels; as suits the network by default.
        seed: of the climbs.

    Returns:
        The explorer; it has found what there is to see of the first channel.

    Raises:
        ValueError: an unknown layer or channel, a number out of range, or an atlas of another network, of other images
            or of another version.
        FileNotFoundError: no such folder, or no images where none are given.
    """
    instance("backbone", backbone, Backbone, "what fv.load_model('lite0') or fv.Backbone(model) returns")
    data = open_images(backbone.traits.images) if data is None else data
    instance("data", data, ImageSet, "a set of images, such as fv.open_images('photographs')")
    layer = backbone.resolve(layer)
    channel = whole_number("channel", channel, 0, backbone.layers[layer] - 1)
    k = whole_number("k", k, 1, min(64, len(data)))
    size = whole_number("size", backbone.traits.picture_size if size is None else size, 32, 512)
    backbone.check_size((size, size), layer)
    folder = None if atlas is None else _folder(atlas)
    seed = whole_number("seed", seed, -(2**63), 2**63 - 1)
    session = Session(Archive(backbone, data, folder, k), layer, channel, size, seed)
    session.worker.finish()
    session.archive.progress = False  # from here on a thread looks for things, and the message says so
    return Explorer(session)


def _folder(atlas: str | Path) -> Path:
    folder = file_name("The folder of an atlas", atlas)
    if not (folder / "layers").is_dir():
        raise FileNotFoundError(f"There is no atlas in '{folder}'. Make one with `featviz atlas`, or leave it out.")
    return folder
