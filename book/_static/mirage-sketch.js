/* A curve to draw with the pointer or by sliders, and the true one over it.

   The axes are a picture of the page (see mirage_utils/page/quiz.py), which also brings every number in words. */
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  function make(parent, name, attributes) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  }

  const covers = [], alive = new WeakSet();
  function sketch(form) {
    if (alive.has(form)) return;
    alive.add(form);
    const about = JSON.parse(form.querySelector("script").textContent);
    const sliders = [...form.querySelectorAll("input[type=range]")];
    const pad = form.querySelector(".mb-pad svg");
    const atY = (step) => about.bottom - (step / 100) * about.height;
    const path = (steps) => steps.map((step, i) => `${i ? "L" : "M"}${about.at[i]} ${atY(step)}`).join("");

    const drawn = make(pad, "path", { class: "mb-drawn" });
    // What was measured stands still, as a square; the reader moves the rest.
    const free = about.free, moved = new Map(free.map((i, k) => [i, sliders[k]]));
    const points = about.at.map((x, i) => moved.has(i)
      ? make(pad, "circle", { cx: x, r: 3.5, class: "mb-drawn" })
      : make(pad, "rect", { x: x - 4, y: atY(about.known[i]) - 4, width: 8, height: 8, class: "mb-fixed" }));
    const truth = make(pad, "path", { class: "mb-truth" });
    const verdict = form.querySelector(".mb-verdict");
    let touched = false;

    // The figure that gives the curve away shows once the reader asks for it: below, or elsewhere in the page.
    const block = form.closest(".mb-ask");
    let covered = true;
    const cover = (on) => {
      covered = on;
      block?.classList.toggle("mb-known", !on);
      document.getElementById(about.figure)?.classList.toggle("mb-covered", on);
    };
    covers.push(() => { if (form.isConnected) document.getElementById(about.figure)?.classList.toggle("mb-covered", covered); });

    function show() {
      const steps = about.known.map((known, i) => moved.has(i) ? Number(moved.get(i).value) : known);
      drawn.setAttribute("d", path(steps));
      free.forEach((i) => points[i].setAttribute("cy", atY(steps[i])));
      moved.forEach((slider, i) => {
        slider.nextElementSibling.value = about.steps[steps[i]];
        slider.setAttribute("aria-valuetext", about.steps[steps[i]]);
      });
      return steps;
    }

    let last = null;
    function place(event) { // the slider beside which this is, the score there, and how far from its point, in pixels
      const box = pad.getBoundingClientRect(), scale = pad.viewBox.baseVal.width / box.width;
      const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
      const far = free.map((i) => Math.abs(about.at[i] - x));
      const i = far.indexOf(Math.min(...far));
      const value = Math.min(100, Math.max(0, Math.round((100 * (about.bottom - y)) / about.height)));
      return { i, value, away: Math.hypot(far[i], atY(Number(sliders[i].value)) - y) / scale };
    }
    function move(event) {
      const { i, value } = place(event);
      // A quick stroke skips points: those between are filled in.
      const [from, start] = last ?? [i, value];
      const count = Math.max(1, Math.abs(i - from));
      for (let s = 0; s <= count; s++) {
        sliders[Math.round(from + ((i - from) * s) / count)].value = start + ((value - start) * s) / count;
      }
      last = [i, value];
      touched = true;
      show();
    }
    const begins = () => {
      last = null;
      return true;
    };
    window.mirageDrawing(pad, { begins, move, away: (event) => place(event).away });
    form.addEventListener("input", (event) => {
      touched ||= sliders.includes(event.target);
      show();
    });
    form.addEventListener("reset", () => setTimeout(() => {
      truth.removeAttribute("d");
      verdict.textContent = "";
      touched = false;
      cover(true);
      show();
    }));
    form.querySelector(".mb-reveal").addEventListener("click", () => {
      const steps = show(), gaps = free.map((i) => Math.abs(steps[i] - about.truth[i]));
      truth.setAttribute("d", path(about.truth));
      cover(false);
      if (!touched) return; // who only looks has nothing to be compared
      const worst = free[gaps.indexOf(Math.max(...gaps))];
      const words = {
        gap: about.gaps[Math.round(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length)],
        label: about.labels[worst], drawn: about.steps[steps[worst]], true: about.true[worst],
      };
      verdict.textContent = about.says.replace(/\{(\w+)\}/g, (_, name) => words[name]);
    });
    document.getElementById(about.figure)?.classList.add("mb-covered");
    show();
  }

  const enliven = (part) => part.querySelectorAll("form.mb-sketch").forEach(sketch);
  enliven(document);
  document.addEventListener("mirage:output", (event) => {
    enliven(event.target);
    covers.forEach((cover) => cover());
  });
})();
