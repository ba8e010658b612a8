"""An explorer as one sees it: core widgets of ipywidgets 7.7 and 8, around a session that knows nothing of them."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from .panels import SIDE, png
from .session import Session
from .settings import Settings
from .uploads import uploaded

WEIGHTS = (0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
RATES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
ROWS = (("picture", "silencer", "climb", "histogram"), ("strongest", "patches", "map"))
WIDE = {"description_width": "130px"}
NO_CLASS = "choose a class"


class View:
    """The widgets of a session; `root` is what is displayed.

    Args:
        session: what is shown, and is told what the user wants.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._told = False  # a widget is being set by the session, not by the user
        self.message = widgets.HTML()
        names = [name for row in ROWS for name in row]
        self.images = {name: widgets.Image(format="png", layout=_wide(SIDE)) for name in names}
        self.words = {name: widgets.HTML(layout=_wide(SIDE)) for name in names}
        self._place()
        self._look()
        self._climb()
        panels = [widgets.HBox([self._panel(name) for name in row], layout=_wrapping()) for row in ROWS]
        chosen = widgets.VBox([self.layer, widgets.HBox([self.channel, self.number], layout=_wrapping()), self.classes])
        looked = widgets.HBox([self.image, self.upload], layout=_wrapping())
        moved = widgets.HBox([self.start, self.stop, self.again], layout=_wrapping())
        sliders = widgets.HBox(list(self.sliders.values()), layout=_wrapping())
        self.root = widgets.VBox([chosen, self.message, panels[0], moved, sliders, panels[1], looked])
        session.listen = self._hear
        for name in session.panels:
            self._hear("panel", name)

    def _place(self) -> None:
        """Make what chooses layer and channel."""
        session, backbone = self.session, self.session.archive.backbone
        offered = {*backbone.maps, backbone.logits, session.layer}
        self.layer = widgets.SelectionSlider(
            options=[name for name in backbone.layers if name in offered],
            value=session.layer,
            description="layer",
            continuous_update=False,
            style=WIDE,
            layout=_wide(560),
        )
        bounds = {"min": 0, "max": backbone.layers[session.layer] - 1, "value": session.channel}
        self.channel = widgets.IntSlider(
            **bounds, description="channel", continuous_update=False, style=WIDE, layout=_wide(560), readout=False
        )
        self.number = widgets.BoundedIntText(**bounds, layout=_wide(80))
        names = [NO_CLASS, *session.archive.labels]
        self.classes = widgets.Dropdown(
            options=names, value=NO_CLASS, description="most selective for", style=WIDE, layout=_wide(560)
        )
        self._on(self.layer, lambda value: session.choose(layer=value))
        for one in (self.channel, self.number):
            self._on(one, lambda value: session.choose(channel=value))
        self._on(self.classes, lambda value: session.choose_class(value) if value != NO_CLASS else None)

    def _look(self) -> None:
        """Make what chooses the image below the map."""
        session = self.session
        self.image = widgets.Dropdown(options=session.images, value=session.image, description="map over", style=WIDE)
        self.upload = widgets.FileUpload(accept="image/*", multiple=False, description="upload", icon="upload")
        self._on(self.image, session.look_at)
        self._on(self.upload, self._take)

    def _climb(self) -> None:
        """Make the buttons and the sliders of the climb."""
        session, first = self.session, Settings()
        self.start = widgets.Button(description="climb", icon="play", button_style="primary")
        self.stop = widgets.Button(description="stop", icon="stop", disabled=True)
        self.again = widgets.Button(description="from noise", icon="refresh")
        for button, asked in ((self.start, session.climb), (self.stop, session.stop), (self.again, session.restart)):
            button.on_click(lambda _, asked=asked: asked())
        shift = min(32, session.size // 4)
        self.sliders = {
            "l2": widgets.SelectionSlider(options=_named(WEIGHTS), value=first.l2, description="L2"),
            "tv": widgets.SelectionSlider(options=_named(WEIGHTS), value=first.tv, description="total variation"),
            "jitter": widgets.IntSlider(min=0, max=shift, value=first.jitter, description="jitter, pixels"),
            "transforms": widgets.FloatSlider(min=0, max=3, step=0.25, value=1, description="transforms"),
            "rate": widgets.SelectionSlider(options=_named(RATES), value=first.rate, description="learning rate"),
            "steps": widgets.IntSlider(min=16, max=1024, step=16, value=first.steps, description="steps"),
        }
        for name, slider in self.sliders.items():
            slider.style = WIDE
            self._on(slider, lambda value, name=name: session.change(**{name: value}))

    def _on(self, widget: widgets.Widget, asked: Any) -> None:
        """Tell the session what the user chose, and the user what cannot be."""

        def changed(change: dict[str, Any]) -> None:
            if not self._told:
                try:
                    asked(change["new"])
                except ValueError as error:
                    self.session.say(str(error))

        widget.observe(changed, names="value")

    def _take(self, value: Any) -> None:
        """Hand an uploaded image to the session, and choose it."""
        for name, content in uploaded(value):
            self.session.upload(name, content)

    def _hear(self, what: str, value: Any) -> None:
        """Show what changed."""
        session = self.session
        if what == "panel":
            panel = session.panels[value]
            self.images[value].value = png(panel.image)
            self.words[value].value = f'<div style="line-height: 1.3">{escape(panel.words)}</div>'
        elif what == "climbing":
            self.start.disabled, self.stop.disabled = value, not value
        elif what == "image":
            self._set(self.image, options=session.images, value=session.image)
        elif what == "message":
            self.message.value = f'<div role="status" aria-live="polite"><b>{escape(value)}</b>&nbsp;</div>'
        else:
            last = session.archive.backbone.layers[session.layer] - 1
            if session.layer not in self.layer.options:
                self._set(self.layer, options=(*self.layer.options, session.layer))
            self._set(self.layer, value=session.layer)
            self._set(self.classes, value=NO_CLASS)  # or the same class could not be chosen again
            for one in (self.channel, self.number):
                # The upper end before the value where it grows, and after it where it shrinks.
                order = ("max", "value") if last >= one.max else ("value", "max")
                self._set(one, **{name: {"max": last, "value": session.channel}[name] for name in order})

    def _set(self, widget: widgets.Widget, **traits: Any) -> None:
        """Set a widget without taking it for a wish of the user."""
        self._told = True
        try:
            for name, value in traits.items():
                setattr(widget, name, value)
        finally:
            self._told = False

    def _panel(self, name: str) -> widgets.Widget:
        return widgets.VBox(
            [self.images[name], self.words[name]],
            layout=widgets.Layout(margin="4px 8px 4px 0", align_self="flex-start"),
        )


def _named(values: tuple[float, ...]) -> list[tuple[str, float]]:
    return [(f"{value:g}", value) for value in values]


def _wide(pixels: int) -> widgets.Layout:
    return widgets.Layout(width=f"{pixels}px", max_width="100%")


def _wrapping() -> widgets.Layout:
    return widgets.Layout(flex_flow="row wrap", align_items="center")
