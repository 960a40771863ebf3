/* A pad to draw a curve of shares on, and the true curve over it. */
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 640, HEIGHT = 320, LEFT = 56, RIGHT = 16, TOP = 14, BOTTOM = 52;

  function make(parent, name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    parent.append(node);
    return node;
  }

  for (const form of document.querySelectorAll("form.mb-sketch")) {
    const about = JSON.parse(form.querySelector("script").textContent);
    const sliders = [...form.querySelectorAll("input[type=range]")];
    const n = sliders.length;
    const atX = (i) => LEFT + (i * (WIDTH - LEFT - RIGHT)) / (n - 1);
    const atY = (share) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
    const path = (shares) => shares.map((s, i) => `${i ? "L" : "M"}${atX(i)} ${atY(s)}`).join("");

    const pad = make(form.querySelector(".mb-pad"), "svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
      "aria-label": `An empty chart: ${about.y} against ${about.x}. Draw with the pointer, or with the sliders below.`,
    });
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      make(pad, "line", { x1: LEFT, x2: WIDTH - RIGHT, y1: atY(share), y2: atY(share), class: "mb-grid" });
      make(pad, "text", { x: LEFT - 8, y: atY(share) + 4, "text-anchor": "end" }, `${100 * share}%`);
    }
    const every = Math.ceil(n / 8);
    about.labels.forEach((label, i) => {
      if (i % every === 0) make(pad, "text", { x: atX(i), y: HEIGHT - BOTTOM + 20, "text-anchor": "middle" }, label);
    });
    make(pad, "text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, about.x);
    const drawn = make(pad, "path", { class: "mb-drawn" });
    const points = sliders.map((_, i) => make(pad, "circle", { cx: atX(i), r: 5, class: "mb-drawn" }));
    const truth = make(pad, "path", { class: "mb-truth" });
    const verdict = form.querySelector(".mb-verdict");
    // The figure that gives the curve away stays covered until the reader has drawn.
    const figure = about.figure && document.getElementById(about.figure);
    const cover = (on) => figure && figure.classList.toggle("mb-covered", on);

    function show() {
      const shares = sliders.map((slider) => slider.value / 100);
      drawn.setAttribute("d", path(shares));
      points.forEach((point, i) => point.setAttribute("cy", atY(shares[i])));
      for (const slider of sliders) {
        slider.nextElementSibling.value = `${slider.value}%`;
        slider.setAttribute("aria-valuetext", `${slider.value}%`);
      }
      return shares;
    }

    let last = null;
    function move(event) {
      const box = pad.getBoundingClientRect();
      const x = ((event.clientX - box.left) * WIDTH) / box.width;
      const y = ((event.clientY - box.top) * HEIGHT) / box.height;
      const i = Math.min(n - 1, Math.max(0, Math.round(((x - LEFT) / (WIDTH - LEFT - RIGHT)) * (n - 1))));
      const value = Math.min(100, Math.max(0, Math.round(100 * (1 - (y - TOP) / (HEIGHT - TOP - BOTTOM)))));
      // A quick stroke skips points: those between are filled in.
      const [from, start] = last ?? [i, value];
      const steps = Math.max(1, Math.abs(i - from));
      for (let s = 0; s <= steps; s++) {
        sliders[Math.round(from + ((i - from) * s) / steps)].value = start + ((value - start) * s) / steps;
      }
      last = [i, value];
      show();
    }
    pad.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      pad.setPointerCapture(event.pointerId);
      last = null;
      move(event);
    });
    pad.addEventListener("pointermove", (event) => { if (event.buttons) move(event); });
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => {
      truth.removeAttribute("d");
      verdict.textContent = "";
      cover(true);
      show();
    }));
    form.querySelector(".mb-reveal").addEventListener("click", () => {
      const gaps = show().map((share, i) => share - about.truth[i]);
      truth.setAttribute("d", path(about.truth));
      const mean = gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / n;
      const worst = gaps.reduce((at, gap, i) => (Math.abs(gap) > Math.abs(gaps[at]) ? i : at), 0);
      cover(false);
      verdict.textContent =
        `Your curve and the true one (dashed) differ by ${(100 * mean).toFixed(0)} points on average, ` +
        `most at ${about.labels[worst]}, where you drew ${(100 * (gaps[worst] + about.truth[worst])).toFixed(0)}% ` +
        `and the true value is ${(100 * about.truth[worst]).toFixed(0)}%.`;
    });
    cover(true);
    show();
  }
})();
