/* What cells show, as the pages of the book write it: messages of mirage_utils/page/live.py become elements. */

const VIEW = "application/vnd.jupyter.widget-view+json";

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export function button(words, then, title) {
  const made = make("button", { type: "button", title }, words);
  made.addEventListener("click", then);
  return made;
}

const scripts = new Map();
const here = import.meta.url;

// A script of the site, once.
export function load(name) {
  if (!scripts.has(name)) {
    scripts.set(name, new Promise((resolve, reject) => {
      if (document.querySelector(`script[src*="/${name}"]`)) { resolve(); return; }
      const script = make("script", { src: new URL(name, here).href });
      script.onload = resolve;
      script.onerror = () => { scripts.delete(name); reject(Error(`${name} could not be loaded`)); };
      document.head.append(script);
    }));
  }
  return scripts.get(name);
}

// A line that is written over, as progress bars do, shows as it is at the end.
const lines = (text) => text.split("\n").map((line) => line.replace(/\r+$/, "").split("\r").at(-1)).join("\n");

const plain = (kind, text) => make("div", { class: `output ${kind} highlight-myst-ansi notranslate` },
  make("div", { class: "highlight" }, make("pre", { tabindex: "0" }, text)));

function failed({ name, text, lines: places, traceback }) {
  const where = places.map(([number, code]) => (number ? `line ${number}: ${code}` : code)).join("\n");
  return make("div", { class: "output traceback mb-py-error" },
    make("p", {}, make("b", {}, name), text ? `: ${text}` : ""),
    ...(where ? [make("pre", { tabindex: "0" }, where)] : []),
    make("details", {}, make("summary", {}, "The whole traceback"), make("pre", { tabindex: "0" }, traceback)));
}

const SHOWN = {
  "text/html": (text, message) => {
    // What was made of Markdown is text like the page's own.
    const box = make("div", { class: `output ${"text/markdown" in message.data ? "text_markdown" : "text_html"}` });
    box.innerHTML = text;
    // pandas puts a sheet beside each table; the book's own says the same once.
    box.querySelectorAll("style[scoped]").forEach((style) => style.remove());
    return box;
  },
  [VIEW]: ({ model_id: model }, message, widgets) => make("div", { class: "output mb-py-widget" }, widgets.view(model)),
  "image/svg+xml": (text, message) => {
    const box = make("div", { class: "output image_svg", role: "img", "aria-label": message.data["text/plain"] ?? "Picture" });
    box.innerHTML = text;
    return box;
  },
  "image/png": (text, message) => picture("png", text, message),
  "image/jpeg": (text, message) => picture("jpeg", text, message),
  "text/markdown": (text) => plain("text_plain", text),
  "text/latex": (text) => {
    const box = make("div", { class: "output text_latex math notranslate nohighlight" });
    box.dataset.tex = text.trim().replace(/^(\$\$?|\\\[)|(\$\$?|\\\])$/g, "");
    return box;
  },
  "text/plain": (text) => plain("text_plain", text),
};

function picture(kind, text, message) {
  const size = message.metadata?.[`image/${kind}`] ?? {};
  return make("img", {
    class: `output image_${kind}`, src: `data:image/${kind};base64,${text.trim()}`, alt: message.data["text/plain"] ?? "Picture",
    width: size.width, height: size.height,
  });
}

// Formulas as MathML, which browsers draw; what cannot be set stays as it was typed.
export async function formulas(part) {
  const displayed = [...part.querySelectorAll("[data-tex]"), ...(part.matches?.("[data-tex]") ? [part] : [])];
  const inline = [...part.querySelectorAll("span.math")].filter((span) => span.textContent.startsWith("\\("));
  if (!displayed.length && !inline.length) return;
  await load("mirage-formulas.js").catch(() => {});
  const set = (box, tex, display) => {
    try { box.innerHTML = window.mirageFormula(tex, display); } catch { box.textContent = tex; }
  };
  for (const box of displayed) set(box, box.dataset.tex, true);
  for (const span of inline) set(span, span.textContent.slice(2, -2), false);
}

// What is shown of one place, a cell or an Output widget: messages in, elements out.
export class Outputs {
  constructor(widgets) {
    this.widgets = widgets;
    this.items = [];
    this.waits = false; // to be emptied when the next thing comes
  }

  add(message) {
    if (message.kind === "clear") {
      if (message.wait) this.waits = true; else this.items = [];
      return;
    }
    if (message.kind === "display" && message.update) { this.update(message); return; }
    if (this.waits) this.items = [];
    this.waits = false;
    const last = this.items.at(-1);
    if (message.kind === "stream" && last?.kind === "stream" && last.name === message.name) {
      this.items.splice(-1, 1, { ...last, text: last.text + message.text });
    } else this.items.push(message);
  }

  // Whether something here had this name, which shows other data now.
  update(message) {
    let found = false;
    this.items = this.items.map((item) => {
      if (!message.id || item.id !== message.id) return item;
      found = true;
      return { ...item, data: message.data, metadata: message.metadata };
    });
    return found;
  }

  async elements() {
    const box = make("div", {}, ...this.items.map((item) => this.element(item)).filter(Boolean));
    await formulas(box);
    return [...box.childNodes];
  }

  element(item) {
    if (item.kind === "stream") return plain(item.name === "stderr" ? "stderr" : "stream", lines(item.text));
    if (item.kind === "error") return failed(item);
    const kind = Object.keys(SHOWN).find((name) => name in item.data);
    try {
      return kind && SHOWN[kind](item.data[kind], item, this.widgets);
    } catch (error) { // what a cell displays need not be what it is said to be
      return plain("stderr", `This cannot be shown as ${kind}: ${error.message}`);
    }
  }
}

// -- in the page ------------------------------------------------------------------------------------

const SCRIPTS = [
  ["form.mb-sketch, figure.mb-explorer", ["mirage-drawing.js"]],
  ["form.mb-sketch", ["mirage-sketch.js"]],
  ["figure.mb-explorer", ["mirage-explorer.js"]],
];

// What a reader has answered and moved in a part of the page.
function state(part) {
  const forms = [...part.querySelectorAll("form.mb-predict")].map((form) => ({
    id: form.id,
    chosen: form.querySelector(".mb-option input:checked")?.id,
    moved: [...form.querySelectorAll("input[type=range]")].map((slider) => [slider.id, slider.value, slider.defaultValue]),
    known: form.closest(".mb-ask")?.classList.contains("mb-known"),
    sketch: form.matches(".mb-sketch"),
  }));
  const explorers = [...part.querySelectorAll("figure.mb-explorer form")].map((form) => ({
    figure: form.closest("figure").id,
    moved: [...form.elements].filter((field) => field.name && (field.type === "range"
      ? field.value !== field.defaultValue : [...(field.options ?? [])].some((option) => option.selected !== option.defaultSelected)))
      .map((field) => [field.name, field.value]),
  }));
  return { forms, explorers };
}

function restore({ forms, explorers }) {
  const change = (element, kind) => element.dispatchEvent(new Event(kind, { bubbles: true }));
  for (const { id, chosen, moved, known, sketch } of forms) {
    const form = document.getElementById(id);
    if (!form) continue;
    if (sketch && moved.some(([, value, before]) => value !== before)) {
      for (const [slider, value] of moved) {
        const field = document.getElementById(slider);
        if (field) { field.value = value; change(field, "input"); }
      }
    }
    if (sketch && known) form.querySelector(".mb-reveal").click();
    else if (known) form.closest(".mb-ask")?.classList.add("mb-known");
    const choice = chosen && document.getElementById(chosen);
    if (choice) { choice.checked = true; change(choice, "change"); }
  }
  for (const { figure, moved } of explorers) {
    const form = document.querySelector(`figure[id="${figure}"] form`);
    for (const [name, value] of form ? moved : []) {
      const field = form.elements[name];
      if (field) field.value = value;
    }
    if (form && moved.length) change(form.elements[moved[0][0]] ?? form, "input");
  }
}

const EDGE = 60; // pixels at the top of the window that a bar may cover

// What changes above the reader's eyes moves nothing before them: the first block that begins below a height stays there.
export async function steady(change, height = EDGE) {
  const blocks = scrollY > EDGE ? document.querySelectorAll("article section > *") : [];
  const seen = [...blocks].find((block) => block.offsetParent && block.getBoundingClientRect().top >= height);
  const before = seen?.getBoundingClientRect().top;
  await change();
  if (seen?.isConnected) scrollBy({ top: seen.getBoundingClientRect().top - before, behavior: "instant" });
}

// Put elements in the place of a part's content: nothing that the reader looks at moves, an answered question stays
// answered, and what is to come to life does.
export async function replace(place, elements) {
  const before = state(place);
  for (const [what, names] of SCRIPTS) {
    if (elements.some((element) => element.matches?.(what) || element.querySelector?.(what))) {
      for (const name of names) await load(name).catch(() => {});
    }
  }
  await steady(async () => {
    place.replaceChildren(...elements);
    place.dispatchEvent(new CustomEvent("mirage:output", { bubbles: true }));
    restore(before);
  });
}
