/* Explorers that move with no kernel: the controls of a figure set the signals of its Vega-Lite charts.

   The page holds, for each explorer, its controls, a still picture, a table and one JSON object (see
   mirage_utils/page/explorers). Vega is fetched from this site when an explorer comes near the window. */
(() => {
  "use strict";

  const bundle = new URL("mirage-vega.js", document.currentScript.src).href;
  let loading = null;

  // ---- functions of statistics, for the charts' expressions ---------------------------------
  // Each is held against SciPy in the tests, in the browser.

  const LANCZOS = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
    1.5056327351493116e-7,
  ];

  function logGamma(x) {
    if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
    let sum = LANCZOS[0];
    for (let i = 1; i < 9; i++) sum += LANCZOS[i] / (x - 1 + i);
    const t = x + 6.5;
    return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
  }

  // Regularised incomplete beta function, by its continued fraction (modified Lentz).
  function betaCdf(x, a, b) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a);
    const front = Math.exp(
      logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)
    ) / a;
    const tiny = 1e-300;
    let c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    let value = d;
    for (let m = 1; m < 20000; m++) {
      let step = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
      d = 1 + step * d; c = 1 + step / c;
      d = 1 / (Math.abs(d) < tiny ? tiny : d); if (Math.abs(c) < tiny) c = tiny;
      value *= d * c;
      step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
      d = 1 + step * d; c = 1 + step / c;
      d = 1 / (Math.abs(d) < tiny ? tiny : d); if (Math.abs(c) < tiny) c = tiny;
      value *= d * c;
      if (Math.abs(d * c - 1) < 1e-15) break;
    }
    return front * value;
  }

  function betaQuantile(q, a, b) {
    let low = 0, high = 1;
    for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
      const middle = low > 0 && high / low > 4 ? Math.sqrt(low * high) : (low + high) / 2;
      if (betaCdf(middle, a, b) < q) low = middle; else high = middle;
      if (high < 1e-300) break;
    }
    return (low + high) / 2;
  }

  // P(at most k of n) for a binomial count.
  function binomialCdf(k, n, p) {
    return k < 0 ? 0 : k >= n ? 1 : betaCdf(1 - p, n - k, k + 1);
  }

  // The smallest k with P(at most k) >= u: a draw, if u is uniform.
  function binomialQuantile(u, n, p) {
    if (p <= 0) return 0;
    if (p >= 1) return n;
    let low = -1, high = n;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (binomialCdf(middle, n, p) >= u) high = middle; else low = middle;
    }
    return high;
  }

  // Ends of the exact 95 % interval of a share (Clopper and Pearson).
  const exactLow = (k, n) => (k <= 0 ? 0 : betaQuantile(0.025, k, n - k + 1));
  const exactHigh = (k, n) => (k >= n ? 1 : betaQuantile(0.975, k + 1, n - k));

  // How many of the sorted values lie below the limit.
  function countBelow(sorted, limit) {
    let low = 0, high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < limit) low = middle + 1; else high = middle;
    }
    return low;
  }

  // Emergence score of Schaeffer et al. 2023, equation 1.
  function emergenceScore(y) {
    const steps = y.slice(1).map((v, i) => (v - y[i]) ** 2).sort((a, b) => a - b);
    const half = steps.length >> 1;
    const median = steps.length % 2 ? steps[half] : (steps[half - 1] + steps[half]) / 2;
    const high = Math.max(...y), low = Math.min(...y);
    const sign = Math.sign(y.indexOf(high) - y.indexOf(low));
    return sign * (high - low) / Math.sqrt(median);
  }

  const functions = {
    logGamma, betaCdf, binomialCdf, binomialQuantile, exactLow, exactHigh, countBelow, emergenceScore,
  };

  // ---- words ----------------------------------------------------------------------------------

  const trim = (x) => String(Number(x.toPrecision(3)));
  function size(x) {
    for (const [unit, name] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
      if (x >= unit * 0.9995) return trim(x / unit) + name;
    }
    return trim(x);
  }
  const formats = {
    size,
    whole: (x) => Math.round(x).toLocaleString("en"),
    fixed1: (x) => x.toFixed(1),
    fixed2: (x) => x.toFixed(2),
    digits3: (x) => (x === null || Number.isNaN(x) ? "–" : Math.abs(x) === Infinity ? "∞" : trim(x)),
    percent: (x) => (x === null ? "–" : x > 0 && x < 0.001 ? (100 * x).toExponential(1) + "%" : (100 * x).toFixed(1) + "%"),
    text: (x) => String(x),
  };

  // ---- one explorer -----------------------------------------------------------------------------

  class Explorer {
    constructor(figure) {
      this.figure = figure;
      this.about = JSON.parse(figure.querySelector("script.mb-about").textContent);
      this.form = figure.querySelector("form");
      this.views = [];
      this.state = {};
      this.touched = false;
      this.read();
      this.form.addEventListener("input", (event) => {
        if (event.target.name === "preset") {
          for (const [name, value] of Object.entries(this.about.presets[event.target.value] ?? {})) this.set(name, value);
        } else this.set("preset", "drawn"); // points moved by hand are nobody's shape
        this.read();
        this.touched = true;
        this.update();
      });
      this.form.addEventListener("reset", () => setTimeout(() => {
        this.read();
        this.update();
        history.replaceState(null, "", "#" + this.figure.id);
      }));
      this.form.addEventListener("submit", (event) => event.preventDefault());
      figure.querySelector(".mb-share").addEventListener("click", () => this.share());
      // Folded, the table is not worth a layout of its own with every step of a slider.
      figure.querySelector(".mb-numbers").addEventListener("toggle", () => { if (this.views.length) this.table(); });
      this.restore();
      new IntersectionObserver((seen, watcher) => {
        if (seen.some((s) => s.isIntersecting)) { watcher.disconnect(); this.start(); }
      }, { rootMargin: "700px" }).observe(figure);
    }

    field(control) { return this.form.elements[control.name]; }

    read() {
      for (const control of this.about.controls) {
        const field = this.field(control);
        const raw = control.kind === "choice" ? field.value : Number(field.value);
        this.state[control.name] =
          control.kind === "log" ? 10 ** raw
          : control.kind === "logwhole" ? Number((10 ** raw).toPrecision(2)) : raw;
        const shown = this.form.querySelector(`output[for="${field.id}"]`);
        if (shown) {
          shown.value = formats[control.format](this.state[control.name]);
          field.setAttribute("aria-valuetext", shown.value);
        }
      }
    }

    set(name, value) {
      const control = this.about.controls.find((c) => c.name === name);
      const field = control && this.field(control);
      if (!field) return;
      if (control.kind === "choice") {
        if ([...field.options].some((option) => option.value === value)) field.value = value;
        return;
      }
      const number = control.kind.startsWith("log") ? Math.log10(Number(value)) : Number(value);
      if (Number.isFinite(number)) field.value = number; // an address may hold anything
    }

    restore() {
      const [id, ...pairs] = decodeURIComponent(location.hash.slice(1)).split("&");
      if (id !== this.figure.id || !pairs.length) return;
      for (const pair of pairs) this.set(...pair.split("="));
      this.read();
      addEventListener("load", () => this.figure.scrollIntoView());
    }

    address() {
      const pairs = this.about.controls.map(
        (c) => `${c.name}=${encodeURIComponent(
          typeof this.state[c.name] === "number" ? Number(this.state[c.name].toPrecision(8)) : this.state[c.name]
        )}`
      );
      return "#" + [this.figure.id, ...pairs].join("&");
    }

    async share() {
      history.replaceState(null, "", this.address());
      const said = this.figure.querySelector(".mb-shared");
      try {
        await navigator.clipboard.writeText(location.href);
        said.textContent = "Link copied.";
      } catch { said.textContent = "The address of this page now holds these values."; }
    }

    async start() {
      await (loading ??= new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = bundle;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      }));
      const still = this.figure.querySelector(".mb-panels:not(.mb-live)");
      const live = this.figure.querySelector(".mb-live");
      live.hidden = false;
      // The charts are drawn in their place behind the picture, which then goes: nothing jumps.
      const slots = [...live.children];
      // Their place bears the words for all charts; the marks in them have none.
      for (const slot of slots) slot.setAttribute("aria-hidden", "true");
      this.views = await Promise.all(this.about.panels.map(async (spec, i) => {
        const made = await vegaEmbed(slots[i], spec, {
          actions: false, renderer: "svg", hover: false, expressionFunctions: functions,
        });
        return made.view;
      }));
      still.remove();
      if (this.about.drag) this.drag();
      await this.update();
      this.figure.dataset.live = "yes";
    }

    async update() {
      if (!this.views.length) return;
      await Promise.all(this.views.map((view) => {
        for (const [name, value] of Object.entries(this.state)) view.signal("v_" + name, value);
        return view.runAsync();
      }));
      const says = this.figure.querySelector(".mb-says");
      const text = this.views[0].signal("says");
      if (says.textContent !== text) says.textContent = text;
      if (this.figure.querySelector(".mb-numbers").open) this.table();
      if (this.touched) {
        clearTimeout(this.later);
        this.later = setTimeout(() => history.replaceState(null, "", this.address()), 300);
      }
    }

    // The rows that the charts draw, in the fields of the table.
    rows() {
      const fields = this.about.columns.map((c) => c.field);
      const fitting = [];
      for (const view of this.views) {
        const sets = view.getState({ data: (name) => Boolean(name), signals: () => false }).data ?? {};
        for (const name of Object.keys(sets)) {
          const rows = view.data(name);
          if (rows.length && fields.every((f) => f in rows[0])) fitting.push(rows);
        }
      }
      // One chart may leave rows out; one that folds several columns into one has each several times.
      const most = fitting.sort((a, b) => b.length - a.length)[0] ?? [];
      const seen = new Set();
      return most.filter((row) => !seen.has(row[fields[0]]) && seen.add(row[fields[0]]));
    }

    table() {
      const body = this.figure.querySelector(".mb-numbers tbody");
      const rows = this.rows().filter((_, i) => i % this.about.every === 0);
      body.replaceChildren(...rows.map((row) => {
        const line = document.createElement("tr");
        line.append(...this.about.columns.map((column, i) => {
          const cell = document.createElement(i ? "td" : "th");
          if (!i) cell.scope = "row";
          cell.textContent = formats[column.format](row[column.field]);
          return cell;
        }));
        return line;
      }));
    }

    // Points of the first chart that can be drawn with the pointer: each has its own slider.
    drag() {
      const slot = this.figure.querySelector(".mb-live").children[0];
      slot.classList.add("mb-drawable");
      const move = (event) => {
        const view = this.views[0], [left, top] = view.origin();
        const box = slot.querySelector("svg").getBoundingClientRect();
        const x = event.clientX - box.left - left, y = event.clientY - box.top - top;
        const names = this.about.drag, at = Math.round(x / view.width() * (names.length - 1));
        const share = Math.min(1, Math.max(0, 1 - y / view.height()));
        if (at < 0 || at >= names.length) return;
        this.set(names[at], share.toFixed(3));
        this.set("preset", "drawn");
        this.read();
        this.touched = true;
        this.update();
      };
      slot.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        slot.setPointerCapture(event.pointerId);
        move(event);
      });
      slot.addEventListener("pointermove", (event) => { if (event.buttons) move(event); });
    }
  }

  const explorers = new Map();
  window.mirage = { functions, formats, explorers };
  for (const figure of document.querySelectorAll("figure.mb-explorer")) {
    explorers.set(figure.id, new Explorer(figure));
  }
})();
