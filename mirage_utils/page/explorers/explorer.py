"""What an explorer is, in a kernel and in a page."""

from __future__ import annotations

import functools
import html
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from ...errors import require
from .. import markup, plots
from .charts import Charts
from .controls import Control, Steps
from .vega import evaluated, parameter, svg, texts_of_rows

__all__ = ["Explorer"]

SIDE_BY_SIDE, ALONE = 380, 640
"""Pixels of a still picture beside another, and by itself."""


class Explorer:
    """Controls beside charts that follow them.

    The charts are one Vega-Lite specification. In a page they move by themselves; until they are there, or without
    scripts, the still picture and the numbers at the starting values stand in their place. In a live kernel the controls
    are ipywidgets, and the picture is made anew from the same specification.

    Parameters
    ----------
    controls : mapping of str to Slider, Steps or Choice
        By the name that expressions know them by, with ``v_`` before it.
    charts : Charts
    """

    def __init__(self, controls: Mapping[str, Control], charts: Charts) -> None:
        require(len(controls) > 0, "controls", controls, "at least one control")
        self.controls = dict(controls)
        self.charts = charts
        self.inputs = {n: control.widget(self._steps(n)) for n, control in self.controls.items()}
        self._view: widgets.HTML | None = None
        self._setting = False

    @property
    def start(self) -> dict[str, Any]:
        """Value of each control to begin with."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def values(self) -> dict[str, Any]:
        """Current value of each control in the kernel."""
        return {name: control.value for name, control in self.inputs.items()}

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What expressions know, by name: values of the controls, their steps, constants."""
        steps = {f"values_{n}": c.values for n, c in self.controls.items() if isinstance(c, Steps)}
        return {parameter(n): v for n, v in values.items()} | steps | dict(self.charts.constants)

    def picture(self, **values: Any) -> plots.Picture:
        """The charts at some values of the controls, standing still."""
        charts, given = self.charts, self.given(values)
        (says,) = evaluated([charts.says], given)
        shared = [{"name": name, "value": value} for name, value in given.items()]
        width = SIDE_BY_SIDE if len(charts.panels) > 1 else ALONE
        panels = tuple(
            svg({**panel, "params": shared}, f"{charts.name}-{i}", width)
            for i, panel in enumerate(charts.panels)
        )
        words = f"{html.escape(says)} {charts.caption}"
        alt = f"{charts.alt} {says}"
        return plots.picture(
            panels, name=charts.name, alt=alt, caption=words, source=charts.source, kind=charts.kind
        )

    @functools.cached_property
    def still(self) -> plots.Picture:
        """The charts at the starting values."""
        return self.picture(**self.start)

    # -- in a kernel ---------------------------------------------------------------------------------

    def widget(self) -> widgets.Widget:
        """The live form: controls, a reset button and the picture."""
        if self._view is None:
            self._view = widgets.HTML(self.still.html())
            # First, so that the points are the shape's when the picture follows.
            if self.charts.presets:
                self.inputs["preset"].observe(self._preset, names="value")
            for control in self.inputs.values():
                control.observe(self._update, names="value")
            self._show_what_does_something()
        reset = widgets.Button(description="Reset", tooltip="Back to the starting values")
        reset.on_click(lambda _: self.reset())
        return widgets.VBox([*self.inputs.values(), reset, self._view])

    def reset(self) -> None:
        """Put every control back to its starting value."""
        self._set(self.start)

    def _set(self, values: Mapping[str, Any]) -> None:
        """Set several controls, and draw the picture once and not after each."""
        before, outer = self.values, self._setting
        self._setting = True
        try:
            for name, value in values.items():
                self.inputs[name].value = value
        finally:
            self._setting = outer
        if self._view is not None and self.values != before:
            self._update(None)

    def _update(self, _: Any) -> None:
        if not self._setting:
            values = self.values
            # A reset is shown at once: what it draws is there.
            picture = self.still if values == self.start else self.picture(**values)
            assert self._view is not None, "there is something to follow the controls"
            self._view.value = picture.html()
            self._show_what_does_something()
            self._own_shape(values)

    def _show_what_does_something(self) -> None:
        wheres = [control.where for control in self.controls.values()]
        for control, used in zip(
            self.inputs.values(), evaluated(wheres, self.given(self.values)), strict=True
        ):
            control.layout.display = None if used else "none"

    def _own_shape(self, values: Mapping[str, Any]) -> None:
        """Points that are no longer those of the shape chosen are nobody's."""
        shape = self.charts.presets.get(values.get("preset", ""), {})
        if any(values[name] != value for name, value in shape.items()):
            self._set({"preset": "drawn"})

    def _preset(self, change: Mapping[str, Any]) -> None:
        self._set(self.charts.presets.get(change["new"], {}))

    def _steps(self, name: str) -> list[str]:
        control = self.controls[name]
        if not isinstance(control, Steps):
            return []
        return evaluated([control.text(repr(float(v))) for v in control.values], {})

    # -- in a page -----------------------------------------------------------------------------------

    def html(self) -> str:
        """The explorer in a page."""
        still, charts, table = self.still, self.charts, self.charts.table()
        about: dict[str, Any] = {
            "controls": [
                {"name": n, "values": c.values} if isinstance(c, Steps) else {"name": n}
                for n, c in self.controls.items()
            ],
            "given": self.given(self.start),
            "words": {"says": charts.says} | self._texts() | self._wheres(),
            "panels": charts.panels,
            "table": table,
            "every": charts.every,
            "drag": charts.drag,
            "presets": charts.presets,
        }  # fmt: skip
        wheres = [control.where for control in self.controls.values()]
        says, *found = evaluated([charts.says, *self._texts().values(), *wheres], about["given"])
        texts, used = found[: len(wheres)], found[len(wheres) :]
        controls = "".join(
            control.html(name, still.name, text, hidden=not shown)
            for (name, control), text, shown in zip(self.controls.items(), texts, used, strict=True)
        )
        many = "mb-panels" if len(charts.panels) > 1 else "mb-panels mb-single"
        slots = '<div class="mb-slot"></div>' * len(charts.panels)
        if charts.drag:  # points of the first chart
            slots = slots.replace("mb-slot", "mb-slot mb-drawable", 1)
        alt, moving = (html.escape(text, quote=True) for text in (still.alt, charts.alt))
        return (
            f'<figure class="mb-figure mb-explorer" id="{still.name}">'
            '<div class="mb-stage">'
            f'<div class="{many}" role="img" aria-label="{alt}">{"".join(still.panels)}</div>'
            f'<div class="{many} mb-live" role="img" aria-label="{moving}" hidden>{slots}</div></div>'
            f'<p class="mb-says" role="status">{html.escape(says)}</p>'
            '<form class="mb-form pst-js-only" autocomplete="off">'
            '<fieldset><legend class="visually-hidden">Controls of this figure</legend>'
            f'<div class="mb-controls">{controls}</div>'
            '<div class="mb-buttons"><button type="reset">Reset</button>'
            '<button type="button" class="mb-share">Copy link to these values</button>'
            '<span class="mb-shared" role="status"></span></div></fieldset></form>'
            f'<noscript><p class="mb-still">{_STILL}</p></noscript>'
            f'<p class="mb-still mb-failed" hidden>{_FAILED}</p>'
            f"{self._table(table, about['given'])}"
            f"<figcaption>{charts.caption} {still.provenance()}</figcaption>"
            f"{markup.data_script(about, 'mb-about')}</figure>"
        )

    def _texts(self) -> dict[str, str]:
        """Expressions of the values of the controls in words, by the name of the signal."""
        return {f"text_{n}": c.text(parameter(n)) for n, c in self.controls.items()}

    def _wheres(self) -> dict[str, str]:
        """Expressions of which controls are shown, of those that are not always."""
        return {f"use_{n}": c.where for n, c in self.controls.items() if c.where != "true"}

    def _table(self, table: Mapping[str, Any], given: Mapping[str, Any]) -> str:
        charts = self.charts
        titles = (title for title, _ in charts.columns.values())
        signals = [{"name": name, "value": value} for name, value in given.items()]
        rows = texts_of_rows({**table, "signals": signals})
        cells = [r for i, r in enumerate(rows) if i % charts.every == 0 or i == len(rows) - 1]
        made = markup.table(titles, cells, label="The numbers of this figure")
        return (
            f'<details class="mb-numbers"><summary>The numbers as a table</summary>{made}</details>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = self.widget()._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        # A front end with a kernel prefers the widget; the book, which has none, is told to prefer
        # the HTML (see _config.yml).
        bundle = {**data, "text/html": self.html(), "text/plain": repr(self.still)}
        return plots.covered(self.charts.name, bundle, self.widget)


_FAILED = (
    "The charts could not be loaded. Here is the still picture, with its numbers in the table."
)
_STILL = (
    "This is a still picture; its numbers are in the table. It moves in a browser with scripts, and in the notebook "
    "(<code>make lab</code>)."
)
