"""What an explorer is about, without anything that is seen: where it looks, what it found, and the climb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..common.errors import first_line
from ..data.images import from_uint8, photograph
from . import panels
from .archive import Archive, LayerFacts, Made
from .live import LiveClimb, dead
from .panels import Panel
from .settings import Settings
from .uploads import read_upload
from .worker import Worker

STEPS = 96  # of a picture that no atlas has
PHOTOGRAPHS = ("china", "flower")
STRONGEST, OWN = "its strongest image", "its picture"
PICTURES = {1: ("picture", "Made to drive it"), -1: ("silencer", "Made to silence it")}
NOTHING = Made(np.zeros((1, 1, 3), np.uint8), float("nan"))


class Session:
    """The state of an explorer, and the work that follows from what is asked of it.

    What is asked returns at once; the work waits in `worker`. What it finds is in `panels`, and `listen` is told.

    Args:
        archive: what is known of the network.
        layer: layer name.
        channel: channel number.
        size: side of the climbed pictures in pixels.
        seed: of the climbs.

    Attributes:
        layer, channel: what is looked at.
        settings: of the climb.
        climbing: whether it goes on.
        panels: name -> the newest panel.
        listen: called with (what, value) at every change: ("place", None), ("panel", its name), ("climbing", whether),
            ("image", None), ("message", words).
    """

    def __init__(self, archive: Archive, layer: str, channel: int, size: int, seed: int = 0) -> None:
        self.archive, self.layer, self.channel, self.size, self.seed = archive, layer, channel, size, seed
        self.settings, self.climbing, self.image = Settings(), False, STRONGEST
        self.uploads: dict[str, np.ndarray] = {}
        self.panels: dict[str, Panel] = {"climb": Panel(None, "Your climb: not begun")}
        self.listen: Callable[[str, Any], None] = lambda what, value: None
        self.worker = Worker(self._failed)
        self._climb: LiveClimb | None = None
        self._left = 0
        self.show()

    @property
    def facts(self) -> LayerFacts:
        """What is known of the layer."""
        return self.archive.layer(self.layer)

    @property
    def images(self) -> list[str]:
        """What the map can be laid over."""
        return [STRONGEST, OWN, *PHOTOGRAPHS, *self.uploads]

    @property
    def climbed(self) -> Made | None:
        """The climb as it stands."""
        return self._climb.made if self._climb and self._climb.done else None

    def show(self) -> None:
        """Ask for all panels of the place."""
        for kind, work in {"strongest": self._strongest, "pictures": self._pictures, "map": self._map}.items():
            self.worker.ask(kind, work)

    def choose(self, layer: str | None = None, channel: int | None = None) -> None:
        """Look at another channel, or at the same one of another layer; a climb ends.

        Raises:
            ValueError: there is no such layer or channel.
        """
        layer = self.archive.backbone.resolve(self.layer if layer is None else layer)
        last = self.archive.backbone.layers[layer] - 1
        channel = min(self.channel, last) if channel is None else channel
        self.archive.backbone.check_channels(layer, [channel])
        if (layer, channel) != (self.layer, self.channel):
            self.layer, self.channel = layer, channel
            self.restart()
            self.show()
            self.listen("place", None)

    def choose_class(self, label: str) -> None:
        """Ask for the channel of the layer that is most selective for a class of the data set."""
        layer = self.layer

        def find() -> None:
            self.say(f"Comparing the channels of {layer} on the images of “{label}” ...")
            found = self.archive.most_selective(layer, label)
            self.say(f"Most selective for “{label}” in {layer}: channel {found}.")
            if layer == self.layer:
                self.choose(layer, found)

        self.worker.ask("class", find)

    def look_at(self, image: str) -> None:
        """Lay the channel's map over another image: STRONGEST, OWN, one of PHOTOGRAPHS or the name of an upload."""
        self.image = image
        self.worker.ask("map", self._map)
        self.listen("image", None)

    def upload(self, name: str, content: bytes) -> bool:
        """Take an image of the user's, and look at it; return False, and say why, where it cannot be read."""
        try:
            self.uploads[name] = read_upload(name, content, self.archive.backbone.size)
        except (ValueError, OSError) as error:
            self.say(f"Not shown: {first_line(error)}")
            return False
        self.say(f"{name} is shown with the channel's map over it.")
        self.look_at(name)
        return True

    def change(self, **settings: float) -> None:
        """Change settings of the climb, also while it goes on."""
        self.settings = replace(self.settings, **settings)

    def climb(self) -> None:
        """Climb from where the picture stands, or begin."""
        self.say("Climbing. Stop works at once; a moved slider takes effect from this picture on.")
        self._climb = self._climb or self._new_climb(1)
        self.climbing, self._left = True, self.settings.steps
        self.listen("climbing", True)
        self.worker.ask("climb", self._slice)

    def stop(self, words: str = "Stopped. Climb goes on from here.") -> None:
        """Stop the climb; the slice that is being computed is not shown any more."""
        if self.climbing:
            self.climbing = False
            self.listen("climbing", False)
            self.say(words)

    def restart(self) -> None:
        """Stop, and forget where the picture stands."""
        self.stop("Stopped. The next climb begins from noise.")
        self._climb = None
        self._tell("climb", Panel(None, "Your climb: not begun"))

    def say(self, words: str) -> None:
        """Tell the user something."""
        self.listen("message", words)

    def _tell(self, name: str, panel: Panel) -> None:
        self.panels[name] = panel
        self.listen("panel", name)

    def _failed(self, error: Exception) -> None:
        self.stop()
        self.say(first_line(error))

    def _new_climb(self, sign: int) -> LiveClimb:
        return LiveClimb(self.archive.backbone, self.layer, self.channel, sign, self.size, self.seed)

    def _strongest(self) -> None:
        facts, channel = self.facts, self.channel
        if not facts.scanned:
            self.say(f"Looking through {len(facts.data):,} images for what drives the channels of {facts.layer} ...")
            facts.scan()
            self.say("")
        for name, patches in (("strongest", False), ("patches", True)):
            self._tell(name, panels.strongest(facts, channel, patches))

    def _pictures(self) -> None:
        """Show the two pictures of the place; the first that nobody has made is made, and then they are shown anew."""
        facts, channel = self.facts, self.channel
        found = {sign: self.archive.picture(facts.layer, channel, sign) for sign in PICTURES}
        for sign, (name, what) in PICTURES.items():
            made = found[sign]
            self._tell(name, panels.made(made, what, facts, channel) if made else Panel(None, f"{what}: in the making"))
        self._tell("histogram", panels.histogram(facts, channel, found[1] and found[1].activation))
        if missing := [sign for sign in PICTURES if not found[sign]]:
            self._make(self._new_climb(missing[0]))

    def _make(self, climb: LiveClimb) -> None:
        """Take a slice of a picture of the place, and ask for the next one."""
        place = self.layer, self.channel

        def go_on() -> None:
            if (self.layer, self.channel) != place:
                return
            failed = dead(climb, Settings(), STEPS - climb.done)
            if failed or climb.done >= STEPS:
                self.archive.keep(*place, climb.sign, NOTHING if failed else climb.made)
                self.worker.ask("pictures", self._pictures)
                if self.image == OWN:
                    self.worker.ask("map", self._map)
            else:
                self.worker.ask("make", go_on)

        self.worker.ask("make", go_on)

    def _map(self) -> None:
        facts, side, name = self.facts, self.archive.backbone.size, self.image
        if name == STRONGEST:
            path = facts.exemplars.top(facts.layer, self.channel)[0]
            image, name = facts.data.load(facts.data.index(path), side), f"Its strongest image, {path}"
        elif name == OWN:
            made = self.archive.picture(facts.layer, self.channel, 1)
            if made is None or not np.isfinite(made.activation):  # the map of the place before must not stay
                why = "in the making" if made is None else "none, the start has no gradient"
                self._tell("map", Panel(None, f"Its picture: {why}"))
                return
            image, name = from_uint8(made.image), "Its picture"
        else:
            image = self.uploads[name] if name in self.uploads else photograph(name, side)
        self._tell("map", panels.live_map(facts, self.channel, image, name))

    def _slice(self) -> None:
        """Take a slice of the climb, show it, and ask for the next one."""
        climb, channel = self._climb, self.channel
        if climb is None or not self.climbing:
            return
        taken = climb.go_on(self.settings, self._left)
        if climb is not self._climb or not self.climbing:
            return
        self._left -= taken  # not before: a climb that was begun meanwhile has its own number
        self._tell("climb", panels.made(climb.made, f"Your climb, step {climb.done}", self.facts, channel))
        if self._left > 0:
            self.worker.ask("climb", self._slice)
        else:
            self.stop(f"{climb.done} steps are done. Climb goes on from here.")
