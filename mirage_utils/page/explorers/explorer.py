"""What an explorer is, in a kernel and in a page."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from ...errors import require
from .. import markup, plots
from .controls import Choice, Slider, formatted
from .live import Live

__all__ = ["Explorer"]


class Explorer:
    """Controls beside a picture that follows them.

    In a live kernel it is a set of ipywidgets with the picture drawn anew by Matplotlib. In a page it
    is a form with Vega-Lite charts; until they are there, or without scripts, the still picture and
    the numbers at the starting values stand in their place.

    Parameters
    ----------
    controls : mapping of str to Slider or Choice
        By the argument of `draw` that each sets.
    draw : callable
        ``draw(**values) -> Picture``.
    live : Live
        The charts in the page.
    """

    def __init__(
        self,
        controls: Mapping[str, Slider | Choice],
        draw: Callable[..., plots.Picture],
        live: Live,
    ) -> None:
        require(len(controls) > 0, "controls", controls, "at least one control")
        self.about = dict(controls)
        self.draw = draw
        self.live = live
        self.controls = {name: control.widget() for name, control in self.about.items()}
        self._begun = self.values
        self.still = draw(**self._begun)
        self._view: widgets.HTML | None = None
        self._setting = False

    @property
    def start(self) -> dict[str, Any]:
        """Value of each control to begin with."""
        return {name: control.value for name, control in self.about.items()}

    @property
    def values(self) -> dict[str, Any]:
        """Current value of each control in the kernel."""
        found = {name: control.value for name, control in self.controls.items()}
        whole = {n for n, c in self.about.items() if c.kind == "logwhole"}
        # Two digits, as in the page, where a slider in steps would else give 501 for 500.
        return {n: int(float(f"{v:.2g}")) if n in whole else v for n, v in found.items()}

    def widget(self) -> widgets.Widget:
        """The live form: controls, a reset button and the picture."""
        if self._view is None:
            self._view = widgets.HTML(self.still._repr_html_())
            for control in self.controls.values():
                control.observe(self._update, names="value")
            if self.live.presets:
                self.controls["preset"].observe(self._preset, names="value")
        reset = widgets.Button(description="Reset", tooltip="Back to the starting values")
        reset.on_click(lambda _: self.reset())
        return widgets.VBox([*self.controls.values(), reset, self._view])

    def reset(self) -> None:
        """Put every control back to its starting value."""
        self._set(self.start)

    def _set(self, values: Mapping[str, Any]) -> None:
        """Set several controls, and draw the picture once and not after each."""
        before, outer = self.values, self._setting
        self._setting = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._setting = outer
        if self._view is not None and self.values != before:
            self._update(None)

    def _update(self, _: Any) -> None:
        if not self._setting:
            values = self.values
            # A reset is shown at once: what it draws is there.
            picture = self.still if values == self._begun else self.draw(**values)
            assert self._view is not None, "there is something to follow the controls"
            self._view.value = picture._repr_html_()

    def _preset(self, change: Mapping[str, Any]) -> None:
        self._set((self.live.presets or {}).get(change["new"], {}))

    def html(self) -> str:
        """The explorer in a page."""
        still, live = self.still, self.live
        about = {
            "controls": [
                {"name": n, "kind": c.kind, "format": c.format} for n, c in self.about.items()
            ],
            "panels": live.specifications(self.start),
            "columns": [
                {"field": f, "format": how} for f, (_, how) in live.columns.items()
            ],
            "every": live.every,
            "drag": live.drag,
            "presets": live.presets or {},
        }  # fmt: skip
        controls = "".join(c.html(n, still.name) for n, c in self.about.items())
        many = "mb-panels" if len(live.panels) > 1 else "mb-panels mb-single"
        slots = '<div class="mb-slot"></div>' * len(live.panels)
        alt, moving = (html.escape(text, quote=True) for text in (still.alt, live.alt))
        return (
            f'<figure class="mb-figure mb-explorer" id="{still.name}">'
            '<form class="mb-form pst-js-only" autocomplete="off">'
            '<fieldset><legend class="visually-hidden">Controls of this figure</legend>'
            f'<div class="mb-controls">{controls}</div>'
            '<div class="mb-buttons"><button type="reset">Reset</button>'
            '<button type="button" class="mb-share">Copy link to these values</button>'
            '<span class="mb-shared" role="status"></span></div></fieldset></form>'
            '<div class="mb-stage">'
            f'<div class="{many}" role="img" aria-label="{alt}">{"".join(still.panels)}</div>'
            f'<div class="{many} mb-live" role="img" aria-label="{moving}" hidden>{slots}</div></div>'
            # The caption of the still picture tells its values; a live chart says its own.
            f'<p class="mb-says" role="status">{still.caption}</p>'
            f'<noscript><p class="mb-still">{_STILL}</p></noscript>'
            f"{self._table()}"
            f"<figcaption>{live.caption} {still.provenance()}</figcaption>"
            f"{markup.data_script(about, 'mb-about')}</figure>"
        )

    def _table(self) -> str:
        live = self.live
        rows = live.rows(**self.start).iloc[:: live.every]
        cells = [
            [formatted(row[field], how) for field, (_, how) in live.columns.items()]
            for _, row in rows.iterrows()
        ]
        table = markup.table(
            (title for title, _ in live.columns.values()), cells, label="The numbers of this figure"
        )
        return f'<details class="mb-numbers"><summary>The numbers as a table</summary>{table}</details>'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = self.widget()._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        # A front end with a kernel prefers the widget; the book, which has none, is told to prefer
        # the HTML (see _config.yml).
        bundle = {**data, "text/html": self.html(), "text/plain": repr(self.still)}
        return plots.covered(self.still.name, bundle, self.widget)


_STILL = (
    "A still picture, with its numbers in the table: in a browser with scripts, and in the notebook "
    "(<code>make lab</code>), it moves."
)
