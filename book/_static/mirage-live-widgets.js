/* Widgets of ipywidgets as controls of the page: the common ones, each with a label. Of any other, a sentence says which.

   A model is the state that Python and the page share; a view shows it. See mirage_utils/page/live_widgets.py. */
import { Outputs, make, replace } from "./mirage-live-outputs.js";

const REFERENCE = "IPY_MODEL_";
let count = 0;

const number = (value, format, step) => {
  const digits = /^\.(\d+)f$/.exec(format ?? "")?.[1];
  if (digits !== undefined) return Number(value).toFixed(Math.max(digits, (String(step ?? "").split(".")[1] ?? "").length));
  return /d$/.test(format ?? "") ? String(Math.round(value)) : String(Number(Number(value).toPrecision(6)));
};

export class Widgets {
  // send(model, data): tells Python.
  constructor(send) {
    this.send = send;
    this.forget();
  }

  // Models belong to one Python.
  forget() {
    this.models = new Map();
    this.views = new Map();
    this.outputs = new Map();
    this.busy = new Map();
    for (const view of document.querySelectorAll(".mb-py-widget :is(input, select, textarea, button)")) view.disabled = true;
  }

  hear(message) {
    if (message.kind === "models") {
      for (const [model, state] of Object.entries(message.models)) this.models.set(model, state);
    } else if (message.kind === "model") this.change(message.model, message.state ?? {}, message.closed);
    else if (message.into) this.catch(message);
    else if (message.kind === "error" || message.kind === "stream") this.aside(message);
  }

  change(model, state, closed) {
    const known = this.models.get(model);
    if (!known) return;
    Object.assign(known, state);
    for (const view of this.views.get(model) ?? []) {
      if (closed) view.element.remove(); else view.update(known, state);
    }
  }

  // What an Output widget catches.
  catch(message) {
    const model = message.into;
    if (!this.outputs.has(model)) this.outputs.set(model, new Outputs(this));
    this.outputs.get(model).add(message);
    this.draw(model);
  }

  draw(model) {
    clearTimeout(this.drawing?.[model]);
    (this.drawing ??= {})[model] = setTimeout(async () => {
      const elements = await this.outputs.get(model)?.elements() ?? [];
      for (const view of this.views.get(model) ?? []) await replace(view.element, elements);
    });
  }

  // What a widget's function prints or fails with outside every Output: below the widget that was touched last.
  aside(message) {
    if (!this.touched?.isConnected) return;
    this.left ??= new Outputs(this);
    this.left.add(message);
    this.left.elements().then((elements) => {
      const place = this.touched.closest(".mb-py-widget");
      let below = place.querySelector(":scope > .mb-py-aside");
      if (!below) place.append(below = make("div", { class: "mb-py-aside" }));
      below.replaceChildren(...elements);
    });
  }

  // Tell Python, one thing at a time: of what a slider passes meanwhile, only where it has come to.
  async set(model, state, element) {
    Object.assign(this.models.get(model), state);
    for (const view of this.views.get(model) ?? []) if (!view.element.contains(element)) view.update(this.models.get(model), state);
    await this.tell(model, { method: "update", state }, element);
  }

  async tell(model, data, element) {
    this.touched = element;
    this.left = null;
    if (data.method !== "update") { await this.send(model, data); return; } // each press counts
    if (this.busy.has(model)) {
      this.busy.set(model, { ...data, state: { ...this.busy.get(model)?.state, ...data.state } });
      return;
    }
    this.busy.set(model, null);
    await this.send(model, data);
    const next = this.busy.get(model);
    this.busy.delete(model);
    if (next) await this.tell(model, next, element);
  }

  view(model) {
    const state = this.models.get(model);
    if (!state) return make("p", { class: "mb-py-missing" }, "This widget is gone: run its cell again.");
    const name = state._model_name.replace(/Model$/, "");
    const maker = VIEWS[name];
    const view = maker ? maker(this, model, state) : {
      element: make("p", { class: "mb-py-missing" }, `This page has no control of the kind ${name}; the plain notebook has all of them.`),
      update: () => {},
    };
    const lay = (now) => {
      const layout = this.models.get(String(now.layout).replace(REFERENCE, "")) ?? {};
      for (const property of ["width", "max_width", "height", "display", "visibility", "flex_flow", "margin"]) {
        if (layout[property]) view.element.style.setProperty(property.replace("_", "-"), layout[property]);
      }
    };
    lay(state);
    if (!this.views.has(model)) this.views.set(model, []);
    this.views.get(model).push(view);
    view.update(state, state);
    return view.element;
  }

  children(state) {
    return (state.children ?? []).map((child) => this.view(child.replace(REFERENCE, "")));
  }
}

// -- controls ---------------------------------------------------------------------------------------

// A control with its label, and where it has one its value in words.
function labelled(state, field, shown) {
  field.id = `mb-py-${++count}`;
  const label = make("label", { for: field.id });
  const element = make("div", { class: "mb-control mb-py-control" }, label, ...(shown ? [shown] : []), field);
  if (shown) shown.htmlFor = field.id;
  const tell = (now) => {
    label.textContent = now.description || now.tooltip || "";
    if (!label.textContent) field.setAttribute("aria-label", "value"); else field.removeAttribute("aria-label");
    field.disabled = Boolean(now.disabled);
  };
  tell(state);
  return { element, tell };
}

function slider({ read, write, words, ends }) {
  return (widgets, model, state) => {
    const field = make("input", { type: "range" }), shown = make("output", { "aria-live": "off" });
    const { element, tell } = labelled(state, field, shown);
    const say = (now) => {
      shown.value = words(now);
      field.setAttribute("aria-valuetext", shown.value);
    };
    const move = (event) => {
      const now = widgets.models.get(model), then = write(now, Number(field.value));
      say({ ...now, ...then });
      if (event.type === "change" || now.continuous_update) widgets.set(model, then, element);
    };
    field.addEventListener("input", move);
    field.addEventListener("change", (event) => { if (!widgets.models.get(model).continuous_update) move(event); });
    const update = (now) => {
      tell(now);
      Object.assign(field, ends(now));
      field.value = read(now);
      shown.hidden = now.readout === false;
      say(now);
    };
    return { element, update };
  };
}

const plainSlider = slider({
  read: (now) => now.value, write: (now, value) => ({ value }),
  words: (now) => number(now.value, now.readout_format, now.step),
  ends: ({ min, max, step }) => ({ min, max, step: step ?? "any" }),
});

const logSlider = slider({
  read: (now) => Math.log(now.value) / Math.log(now.base), write: (now, value) => ({ value: now.base ** value }),
  words: (now) => number(now.value),
  ends: ({ min, max, step }) => ({ min, max, step }),
});

const choiceSlider = slider({
  read: (now) => now.index, write: (now, index) => ({ index }),
  words: (now) => now._options_labels[now.index] ?? "",
  ends: (now) => ({ min: 0, max: now._options_labels.length - 1, step: 1 }),
});

// Two ends of one range.
function rangeSlider(widgets, model, state) {
  const ends = ["from", "to"].map((word, i) => slider({
    read: (now) => now.value[i],
    write: (now, end) => ({ value: i ? [Math.min(now.value[0], end), end] : [end, Math.max(now.value[1], end)] }),
    words: (now) => number(now.value[i], now.readout_format, now.step),
    ends: ({ min, max, step }) => ({ min, max, step: step ?? "any" }),
  })(widgets, model, { ...state, description: `${state.description} ${word}`.trim() }));
  return {
    element: make("div", { class: "mb-py-range" }, ...ends.map((end) => end.element)),
    update: (now) => ends.forEach((end, i) => end.update({ ...now, description: `${now.description} ${["from", "to"][i]}`.trim() })),
  };
}

function choice(several) {
  return (widgets, model, state) => {
    const field = make("select", { multiple: several, size: state.rows });
    const { element, tell } = labelled(state, field);
    field.addEventListener("change", () => {
      const chosen = [...field.options].filter((option) => option.selected).map((option) => option.index);
      widgets.set(model, { index: several ? chosen : chosen[0] ?? null }, element);
    });
    const update = (now, changed) => {
      tell(now);
      if ("_options_labels" in changed) field.replaceChildren(...now._options_labels.map((words) => make("option", {}, words)));
      const chosen = several ? now.index ?? [] : [now.index];
      for (const option of field.options) option.selected = chosen.includes(option.index);
      if (!several && now.index === null) field.selectedIndex = -1;
    };
    return { element, update };
  };
}

function radios(widgets, model, state) {
  const name = `mb-py-${++count}`, legend = make("legend"), choices = make("div");
  const element = make("fieldset", { class: "mb-py-control mb-py-radios" }, legend, choices);
  element.addEventListener("change", (event) => widgets.set(model, { index: Number(event.target.value) }, element));
  const update = (now, changed) => {
    legend.textContent = now.description ?? "";
    element.disabled = Boolean(now.disabled);
    if ("_options_labels" in changed) {
      choices.replaceChildren(...now._options_labels.map((words, i) =>
        make("label", {}, make("input", { type: "radio", name, value: i }), ` ${words}`)));
    }
    choices.querySelectorAll("input").forEach((radio, i) => { radio.checked = i === now.index; });
  };
  return { element, update };
}

function checkbox(widgets, model, state) {
  const field = make("input", { type: "checkbox" });
  const { element, tell } = labelled(state, field);
  element.classList.add("mb-py-check");
  field.addEventListener("change", () => widgets.set(model, { value: field.checked }, element));
  return { element, update: (now) => { tell(now); field.checked = now.value; } };
}

function text(kind, value = (typed) => typed) {
  return (widgets, model, state) => {
    const field = kind === "textarea" ? make("textarea", { rows: state.rows ?? 3 }) : make("input", { type: kind });
    const { element, tell } = labelled(state, field);
    const typed = () => {
      const then = value(field.value);
      if (then !== null) widgets.set(model, { value: then }, element);
    };
    field.addEventListener("change", typed);
    field.addEventListener("input", () => { if (widgets.models.get(model).continuous_update) typed(); });
    const update = (now) => {
      tell(now);
      if (kind === "number") for (const end of ["min", "max", "step"]) field[end] = now[end] ?? (end === "step" ? "any" : "");
      field.placeholder = now.placeholder ?? "";
      if (field.value !== String(now.value)) field.value = now.value ?? "";
    };
    return { element, update };
  };
}

const typedNumber = (typed) => (typed === "" || !Number.isFinite(Number(typed)) ? null : Number(typed));

function button(widgets, model) {
  const element = make("button", { type: "button" });
  element.addEventListener("click", () => widgets.tell(model, { method: "custom", content: { event: "click" } }, element));
  return {
    element: make("div", { class: "mb-py-control mb-py-buttons" }, element),
    update: (now) => {
      element.textContent = now.description || now.tooltip || "Press";
      element.disabled = Boolean(now.disabled);
    },
  };
}

function words(write) {
  return () => {
    const element = make("div", { class: "mb-py-words" });
    return { element, update: (now) => write(element, now.value ?? "") };
  };
}

function progress(widgets, model, state) {
  const field = make("progress");
  const { element, tell } = labelled(state, field);
  const update = (now) => {
    tell(now);
    field.max = now.max - now.min;
    field.value = now.value - now.min;
  };
  return { element, update };
}

function box(kind) {
  return (widgets) => {
    const element = make("div", { class: `mb-py-box mb-py-${kind}` });
    const update = (now, changed) => {
      if ("children" in changed) element.replaceChildren(...widgets.children(now));
    };
    return { element, update };
  };
}

// One fold a part.
function folds(widgets) {
  const element = make("div", { class: "mb-py-box" });
  const update = (now, changed) => {
    if (!("children" in changed || "titles" in changed)) return;
    element.replaceChildren(...widgets.children(now).map((child, i) => make("details", { open: i === (now.selected_index ?? -1) },
      make("summary", {}, now.titles?.[i] || `Part ${i + 1}`), child)));
  };
  return { element, update };
}

function output(widgets, model) {
  const element = make("div", { class: "mb-py-output cell_output" });
  if (widgets.outputs.has(model)) widgets.draw(model);
  return { element, update: () => {} };
}

const VIEWS = {
  IntSlider: plainSlider, FloatSlider: plainSlider, FloatLogSlider: logSlider, SelectionSlider: choiceSlider,
  IntRangeSlider: rangeSlider, FloatRangeSlider: rangeSlider,
  Dropdown: choice(false), Select: choice(false), SelectMultiple: choice(true), RadioButtons: radios, ToggleButtons: radios,
  Checkbox: checkbox, ToggleButton: checkbox,
  Text: text("text"), Password: text("password"), Textarea: text("textarea"), ColorPicker: text("color"),
  IntText: text("number", typedNumber), FloatText: text("number", typedNumber),
  BoundedIntText: text("number", typedNumber), BoundedFloatText: text("number", typedNumber),
  Button: button,
  HTML: words((element, value) => { element.innerHTML = value; }),
  HTMLMath: words((element, value) => { element.innerHTML = value; }),
  Label: words((element, value) => { element.textContent = value; }),
  IntProgress: progress, FloatProgress: progress,
  VBox: box("down"), HBox: box("across"), Box: box("across"), GridBox: box("across"), Accordion: folds, Tab: folds,
  Output: output,
};
