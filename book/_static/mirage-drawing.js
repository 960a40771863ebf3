/* Points that are drawn with the pointer, in explorers (mirage-explorer.js) and in sketches (mirage-sketch.js). */
(() => {
  "use strict";
  const NEAR = 32; // pixels from a point at which a finger is on it

  // A finger on a point moves it; elsewhere it scrolls the page up and down, draws sideways, and sets a point by a tap.
  // begins(event): whether a stroke may begin here; away(event): how far the nearest point is, in pixels; move(event).
  window.mirageDrawing = (pad, { begins, away, move }) => {
    const grasped = (event) => away(event) < NEAR;
    let from = null; // where a finger that is not on a point came down
    pad.addEventListener("touchstart", (event) => { if (grasped(event.touches[0])) event.preventDefault(); }, { passive: false });
    pad.addEventListener("pointerdown", (event) => {
      if (!begins(event)) return;
      event.preventDefault();
      pad.setPointerCapture(event.pointerId);
      from = event.pointerType === "touch" && !grasped(event) ? event : null;
      if (!from) move(event);
    });
    pad.addEventListener("pointermove", (event) => {
      if (!pad.hasPointerCapture(event.pointerId)) return;
      if (from && Math.abs(event.clientX - from.clientX) > Math.abs(event.clientY - from.clientY)) from = null;
      if (!from) move(event);
    });
    pad.addEventListener("pointerup", (event) => { if (from) move(event); from = null; });
    pad.addEventListener("pointercancel", () => { from = null; });
  };
})();
