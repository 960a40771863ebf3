/* Explorers that move with no kernel: the controls of a figure set the signals of its Vega-Lite charts.

   The page holds, for each explorer, its controls, a still picture, a table and one JSON object: what the charts compute,
   what they say, how numbers are written and which control does something are expressions in it, made by Python (see
   mirage_utils/page/explorers). Vega is fetched from this site when an explorer comes near the window. */
(() => {
  "use strict";

  const bundle = new URL("mirage-vega.js", document.currentScript.src).href;
  let loading = null;

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
        }
        this.read();
        this.touched = true;
        this.update();
      });
      this.form.addEventListener("reset", () => setTimeout(() => {
        clearTimeout(this.later);
        this.read();
        this.update();
        history.replaceState(null, "", "#" + this.figure.id);
      }));
      this.form.addEventListener("submit", (event) => event.preventDefault());
      figure.querySelector(".mb-share").addEventListener("click", () => this.share());
      // Folded, the table is not worth a layout of its own with every step of a slider.
      figure.querySelector(".mb-numbers").addEventListener("toggle", () => { if (this.views.length) this.table(); });
      this.restore();
      addEventListener("hashchange", () => {
        if (!figure.isConnected) return; // its chapter has drawn another in its place
        this.restore();
        this.update();
      });
      new IntersectionObserver((seen, watcher) => {
        if (seen.some((s) => s.isIntersecting)) { watcher.disconnect(); this.start(); }
      }, { rootMargin: "700px" }).observe(figure);
    }

    field(control) { return this.form.elements[control.name]; }

    // Points that are no longer those of the shape chosen are nobody's.
    ownShape() {
      const shape = this.about.presets[this.form.elements.preset?.value] ?? {};
      if (Object.entries(shape).some(([name, value]) => Number(this.form.elements[name].value) !== value)) this.set("preset", "drawn");
    }

    read() {
      this.ownShape();
      for (const control of this.about.controls) {
        const field = this.field(control);
        const raw = field.type === "range" ? Number(field.value) : field.value;
        this.state[control.name] = control.values ? control.values[raw] : raw;
      }
    }

    set(name, value) {
      const control = this.about.controls.find((c) => c.name === name);
      const field = control && this.field(control);
      if (!field) return;
      if (field.type !== "range") {
        if ([...field.options].some((option) => option.value === value)) field.value = value;
        return;
      }
      const number = Number(value);
      if (value === "" || !Number.isFinite(number)) return; // an address may hold anything
      // Of a slider in steps, the nearest one; an end for what lies beyond.
      const near = Math.max(control.values?.[0], Math.min(control.values?.at(-1), number));
      const away = control.values?.map((step) => Math.abs(step - near));
      field.value = away ? away.indexOf(Math.min(...away)) : number;
    }

    restore() {
      let address = "";
      try { address = decodeURIComponent(location.hash.slice(1)); } catch { return; } // no address of ours
      const [id, ...pairs] = address.split("&");
      if (id !== this.figure.id || !pairs.length) return;
      const given = Object.fromEntries(pairs.map((pair) => pair.split("=")));
      // A shape first, and then its points.
      for (const [name, value] of [["preset", given.preset], ...Object.entries(this.about.presets[given.preset] ?? {}), ...Object.entries(given)]) {
        this.set(name, value ?? "");
      }
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
      try { await this.load(); } catch {
        this.form.hidden = true;
        this.figure.querySelector(".mb-failed").hidden = false;
        return;
      }
      await this.draw();
    }

    async load() {
      await (loading ??= new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = bundle;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      }));
    }

    async draw() {
      const still = this.figure.querySelector(".mb-panels:not(.mb-live)");
      const live = this.figure.querySelector(".mb-live");
      live.hidden = false;
      // The charts are drawn in their place behind the picture, which then goes: nothing jumps.
      const slots = [...live.children];
      // Their place bears the words for all charts; the marks in them have none.
      for (const slot of slots) slot.setAttribute("aria-hidden", "true");
      const given = Object.entries(this.about.given).map(([name, value]) => ({ name, value }));
      const words = Object.entries(this.about.words).map(([name, expr]) => ({ name, expr }));
      this.given = given;
      this.views = await Promise.all(this.about.panels.map(async (panel, i) => {
        const spec = { ...panel, params: i ? given : [...given, ...words] };
        return (await vegaEmbed(slots[i], spec, { actions: false, renderer: "svg", hover: false })).view;
      }));
      still.remove();
      new ResizeObserver(() => {
        // Vega looks at the window alone, and before the page has found its new layout.
        dispatchEvent(new Event("resize"));
        // A strip of charts, as on a phone, can be moved by keyboard too.
        if (live.scrollWidth > live.clientWidth) live.tabIndex = 0; else live.removeAttribute("tabindex");
      }).observe(live.parentElement);
      if (this.about.drag.length) this.drag();
      await this.update();
      this.figure.dataset.live = "yes";
    }

    async update() {
      if (!this.views.length) return;
      await Promise.all(this.views.map((view) => this.run(view)));
      const says = this.figure.querySelector(".mb-says");
      const said = (name) => this.views[0].signal(name);
      if (says.textContent !== said("says")) says.textContent = said("says");
      for (const { name } of this.about.controls) {
        const field = this.field({ name });
        const shown = this.form.querySelector(`output[for="${field.id}"]`);
        if (shown) field.setAttribute("aria-valuetext", shown.value = said("text_" + name));
        if ("use_" + name in this.about.words) field.closest(".mb-control").hidden = !said("use_" + name);
      }
      if (this.figure.querySelector(".mb-numbers").open) await this.table();
      if (this.touched) {
        clearTimeout(this.later);
        this.later = setTimeout(() => history.replaceState(null, "", this.address()), 300);
      }
    }

    // Tell a view the values of the controls.
    run(view) {
      for (const [name, value] of Object.entries(this.state)) view.signal("v_" + name, value);
      return view.runAsync();
    }

    // The rows of the table: a chart that draws nothing.
    async rows() {
      this.counted ??= (await vegaEmbed(
        document.createElement("div"), { ...this.about.table, signals: this.given }, { mode: "vega", actions: false }
      )).view;
      await this.run(this.counted);
      return this.counted.data("rows");
    }

    async table() {
      const body = this.figure.querySelector(".mb-numbers tbody");
      const rows = (await this.rows()).filter((_, i, all) => i % this.about.every === 0 || i === all.length - 1);
      body.replaceChildren(...rows.map((row) => {
        const line = document.createElement("tr");
        line.append(...row.cells.map((text, i) => {
          const cell = document.createElement(i ? "td" : "th");
          if (!i) cell.scope = "row";
          cell.textContent = text;
          return cell;
        }));
        return line;
      }));
    }

    // Points of the first chart that can be drawn with the pointer: each has its own slider.
    drag() {
      const slot = this.figure.querySelector(".mb-live").children[0];
      const place = (event) => { // the point beside which this is, the share there, and how far from the point, in pixels
        const view = this.views[0], [left, top] = view.origin(), names = this.about.drag;
        const box = slot.querySelector("svg").getBoundingClientRect();
        const x = event.clientX - box.left - left, y = event.clientY - box.top - top;
        const at = Math.round(x / view.width() * (names.length - 1)), share = 1 - y / view.height();
        return { at, share, y, away: Math.abs(share - this.state[names[at]]) * view.height() };
      };
      const move = (event) => {
        const { at, share } = place(event), name = this.about.drag[at];
        if (!name) return;
        this.set(name, Math.min(1, Math.max(0, share)).toFixed(3));
        this.read();
        this.touched = true;
        this.update();
      };
      const begins = (event) => {
        const { y } = place(event);
        return !event.button && y >= -12 && y <= this.views[0].height() + 12; // not on a title
      };
      window.mirageDrawing(slot, { begins, move, away: (event) => place(event).away });
    }
  }

  const explorers = new Map(), made = new WeakMap(); // those in the page by id, and all by figure
  window.mirage = { explorers };
  const enliven = (part) => {
    for (const figure of part.querySelectorAll("figure.mb-explorer")) {
      if (!made.has(figure)) made.set(figure, new Explorer(figure));
      explorers.set(figure.id, made.get(figure));
    }
  };
  enliven(document);
  document.addEventListener("mirage:output", (event) => enliven(event.target));
})();
