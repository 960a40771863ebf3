/* A field for code: a text field, which every device and screen reader knows, over a coloured copy of its text. */
import { make } from "./mirage-live-outputs.js";

const INDENT = "    ";
const HELP = "mb-py-help";

// What the keys do, once in the page, for those who ask.
function help() {
  if (!document.getElementById(HELP)) {
    document.body.append(make("p", { id: HELP, hidden: true },
      "Tab indents once you have typed or clicked in the field; Escape and then Tab leaves it. Shift and Enter run the cell and go on to the next; Control or Command and Enter run it."));
  }
  return HELP;
}

export class Editor {
  // colour(source): HTML of it, later; run(goOn); edited(): after each change.
  constructor({ label, source, colour, run, edited }) {
    this.colour = colour;
    this.copy = make("pre", { "aria-hidden": "true" });
    this.field = make("textarea", {
      "aria-label": label, "aria-describedby": help(), spellcheck: "false", autocapitalize: "off", autocomplete: "off", autocorrect: "off", wrap: "off", rows: "1",
    });
    this.element = make("div", { class: "mb-py-editor highlight" }, this.copy, this.field);
    this.field.addEventListener("input", () => { this.show(); edited(); });
    // Who comes by Tab goes on by Tab, until something is typed.
    let leaving = false, pressed = false;
    this.field.addEventListener("pointerdown", () => { pressed = true; leaving = false; });
    this.field.addEventListener("focus", () => { leaving = !pressed; });
    this.field.addEventListener("blur", () => {
      leaving = pressed = false;
      this.element.scrollLeft = this.field.scrollLeft = 0; // where lines begin, on a narrow screen
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") leaving = true;
      else if (event.key === "Tab" && !leaving && !event.ctrlKey && !event.altKey && !event.metaKey) {
        event.preventDefault();
        if (event.shiftKey) this.lines((line) => line.replace(/^ {1,4}/, ""));
        else if (this.several()) this.lines((line) => (line ? INDENT + line : line));
        else this.insert(INDENT);
      } else if (event.key === "Enter" && (event.shiftKey || event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        run(event.shiftKey);
      } else if (event.key === "Enter" && !event.isComposing && !event.altKey) {
        event.preventDefault();
        this.insert(this.newLine());
      }
      if (event.key !== "Escape" && event.key !== "Shift") leaving &&= event.key === "Tab";
    });
    this.source = source;
    new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting) && this.element.classList.contains("mb-py-plain")) this.paint();
    }).observe(this.element);
  }

  get source() { return this.field.value; }

  set source(text) {
    this.field.value = text;
    this.show();
  }

  // Until it is coloured, the field itself shows its text.
  show() {
    const text = this.source;
    this.copy.textContent = text + "\n";
    this.element.classList.add("mb-py-plain");
    clearTimeout(this.later);
    this.later = setTimeout(() => this.paint(), 150);
  }

  async paint() {
    // What is folded away, or far away, is coloured when it is looked at.
    const { top, bottom, height } = this.element.getBoundingClientRect();
    if (!height || bottom < 0 || top > innerHeight) return;
    const text = this.source, html = await this.colour(text);
    if (html === null || text !== this.source) return;
    // A last line without anything in it has its height only before another.
    this.copy.innerHTML = html.replace(/\n?$/, "\n") + (text.endsWith("\n") ? "\n" : "");
    this.element.classList.remove("mb-py-plain");
  }

  several() {
    return this.source.slice(this.field.selectionStart, this.field.selectionEnd).includes("\n");
  }

  // A new line begins where the last one did, and further in behind a colon.
  newLine() {
    const before = this.source.slice(0, this.field.selectionStart).split("\n").at(-1);
    return "\n" + before.match(/^ */)[0] + (/:\s*(#.*)?$/.test(before) ? INDENT : "");
  }

  // Typed text, which the browser can undo.
  insert(text) {
    this.field.focus();
    if (!document.execCommand("insertText", false, text)) {
      this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
      this.field.dispatchEvent(new Event("input"));
    }
  }

  // Change all lines in which something is selected.
  lines(changed) {
    const text = this.source, { selectionStart: from, selectionEnd: to } = this.field;
    const start = text.lastIndexOf("\n", from - 1) + 1, end = (text + "\n").indexOf("\n", to);
    const lines = text.slice(start, end).split("\n").map(changed).join("\n");
    this.field.setSelectionRange(start, end);
    this.insert(lines);
    if (from !== to) this.field.setSelectionRange(start, start + lines.length);
  }
}
