"""Widgets of ipywidgets in a page: what a kernel and a front end say to each other about them, without either.

Explorers and questions make dozens of widgets that a page shows as HTML. So nothing of a widget is sent until something
displays it; then it goes with all that it holds, and from there on what changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comm
from comm.base_comm import BaseComm, CommManager

__all__ = ["VIEW", "Widgets"]

VIEW = "application/vnd.jupyter.widget-view+json"
_REFERENCE = "IPY_MODEL_"
_CATCHING = "msg_id"
"""What an Output widget sets while it catches what is displayed."""
_REQUEST = {"header": {"msg_id": "page"}}


class _Asked:
    """What an Output widget asks a kernel for: the request that it answers. Here there is one, as long as the page is open."""

    def get_parent(self) -> dict[str, Any]:
        return _REQUEST


class _Comm(BaseComm):
    """One model's end of the line."""

    widgets: Widgets
    kernel = _Asked()

    def publish_msg(
        self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any
    ) -> None:  # fmt: skip
        self.widgets.heard(self.comm_id, msg_type, data or {})


class Widgets:
    """The models of all widgets, and which of them the page knows.

    Parameters
    ----------
    tell : callable
        Takes each message to the page.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell = tell
        self._models: dict[str, dict[str, Any]] = {}
        self._shown: set[str] = set()
        self._catching: list[str] = []
        self.manager = CommManager()

    def install(self) -> None:
        """Have ipywidgets speak to these from now on."""

        class Own(_Comm):
            widgets = self

        # `comm` says: this function is to be replaced.
        comm.create_comm = Own
        comm.get_comm_manager = lambda: self.manager

    def heard(self, model: str, kind: str, data: dict[str, Any]) -> None:
        """Take what a widget says of itself.

        Parameters
        ----------
        model : str
        kind : str
            ``comm_open``, ``comm_msg`` or ``comm_close``.
        data : dict
        """
        if kind == "comm_close":
            self._models.pop(model, None)
            if model in self._shown:
                self._shown.discard(model)
                self._tell({"kind": "model", "model": model, "closed": True})
            return
        state = data.get("state")
        if state is None:
            return  # a message of the widget's own kind
        self._models.setdefault(model, {}).update(state)
        if _CATCHING in state:
            if model in self._catching:
                self._catching.remove(model)
            if state[_CATCHING]:
                self._catching.append(model)
        # The page need not hear again what it has just said: its reader may have moved on.
        if kind == "comm_msg" and model in self._shown and data.get("method") != "echo_update":
            self._send_new(state)
            self._tell({"kind": "model", "model": model, "state": state})

    def reveal(self, model: str) -> None:
        """Send a model that is about to be displayed, and all that it holds.

        Parameters
        ----------
        model : str
        """
        self._send_new(_REFERENCE + model)

    def caught(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message with the Output widget that catches it, if one does.

        Parameters
        ----------
        message : dict
        """
        if self._catching and message["kind"] in ("stream", "display", "clear", "error"):
            return {**message, "into": self._catching[-1]}
        return message

    def receive(self, model: str, data: dict[str, Any]) -> None:
        """Give a widget what the page says of it.

        Parameters
        ----------
        model : str
        data : dict
            ``{"method": "update", "state": ...}`` or ``{"method": "custom", "content": ...}``.
        """
        found = self.manager.comms.get(model)
        if found is not None:  # it may have been closed in the meantime
            if data.get("method") == "update":
                self._models.setdefault(model, {}).update(data["state"])
            data = {"buffer_paths": [], **data}
            found.handle_msg({"content": {"comm_id": model, "data": data}, "buffers": []})

    def _send_new(self, value: Any) -> None:
        """Send every model to which a value refers and that the page does not know."""
        new: dict[str, dict[str, Any]] = {}
        self._gather(value, new)
        if new:
            self._shown |= new.keys()
            self._tell({"kind": "models", "models": new})

    def _gather(self, value: Any, new: dict[str, dict[str, Any]]) -> None:
        if isinstance(value, str) and value.startswith(_REFERENCE):
            model = value.removeprefix(_REFERENCE)
            if model in self._models and model not in self._shown and model not in new:
                new[model] = self._models[model]
                self._gather(new[model], new)
        elif isinstance(value, (list, tuple)):
            for part in value:
                self._gather(part, new)
        elif isinstance(value, dict):
            for part in value.values():
                self._gather(part, new)
