/* One cell of a chapter: its code in an editor, its outputs in the place of the printed ones. */
import { Editor } from "./mirage-live-editor.js";
import { Outputs, button, make, replace } from "./mirage-live-outputs.js";

const SAID = {
  "": "", waiting: "waits", running: "runs", done: "", failed: "failed", left: "not run", edited: "edited, not run",
};
const OFTEN = 400; // milliseconds after which a cell that goes on shows what it has so far

export class Cell {
  // about: source, tags and the digest of what the page shows; chapter: run(cell, goOn), below(cell), colour(source), widgets.
  constructor(place, about, number, chapter) {
    Object.assign(this, { place, about, number, chapter });
    this.parameters = about.tags.includes("parameters");
    this.state = "";
    this.turn = Promise.resolve();
    this.ran = about.source;
    this.shown = about.outputs;
    this.output = place.querySelector(":scope > .cell_output");
    this.printed = [...(this.output?.childNodes ?? [])];
    this.outputs = new Outputs(chapter.widgets);
    this.editor = new Editor({
      label: `Code of cell ${number}`,
      source: about.source,
      colour: (source) => chapter.colour(source),
      run: (goOn) => (this.parameters ? chapter.below(this) : chapter.run(this, goOn)),
      edited: () => this.tell(),
    });
    this.build();
  }

  build() {
    this.says = make("span", { class: "mb-py-state" });
    this.reset = button("Reset", () => { this.editor.source = this.about.source; this.tell(); }, "The code as it was published");
    this.reset.hidden = true;
    this.tools = make("div", { class: "mb-py-tools", role: "group", "aria-label": `Cell ${this.number}` },
      ...(this.parameters
        ? [button("Run the chapter with these", () => this.chapter.below(this))]
        : [button("Run", () => this.chapter.run(this)), button("Run from here", () => this.chapter.below(this), "This cell and all below it")]),
      this.reset, this.says, make("span", { class: "mb-py-hint", "aria-hidden": "true" }, "Shift+Enter runs, Esc and Tab leave"));
    const code = make("div", { class: "mb-py-code" }, this.editor.element, this.tools);
    const there = this.place.querySelector(".cell_input");
    if (this.parameters) {
      this.code = make("div", { class: "mb-py-parameters" }, make("p", { class: "mb-py-title" }, "Change these and run again"), code);
      this.chapter.top(this.code);
    } else if (there) {
      there.replaceChildren(code);
    } else {
      // Code that the page leaves out: of a figure, or of what the text needs.
      const what = this.place.querySelector(".mb-figure, .mb-ask, img, svg") ? `Code of this figure (cell ${this.number})` : `Code of cell ${this.number}`;
      this.foldSays = make("span", { class: "mb-py-state" });
      this.fold = make("details", { class: "mb-py-fold" }, make("summary", {}, `${what} `, this.foldSays), code);
      this.place.append(this.fold);
    }
    if (!this.output) {
      this.output = make("div", { class: "cell_output docutils container" });
      (this.code ?? this.place).append(this.output); // what is wrong with parameters is said below them
    }
  }

  get source() { return this.editor.source; }

  get edited() { return this.source !== this.ran; }

  is(state) {
    this.state = state;
    this.tell();
  }

  tell() {
    const state = this.edited && this.state !== "running" && this.state !== "waiting" ? "edited" : this.state;
    this.reset.hidden = this.source === this.about.source;
    this.says.textContent = SAID[state];
    this.place.dataset.state = state;
    // Where a cell's code is folded, its fold says that something is the matter.
    if (this.fold) this.foldSays.textContent = SAID[state] && `(${SAID[state]})`;
  }

  // Take what the cell shows, from its beginning.
  begin() {
    this.ran = this.source;
    this.outputs = new Outputs(this.chapter.widgets);
    this.is("running");
  }

  hear(message) {
    this.outputs.add(message);
    // Who prints wants to see how far it is; figures come when they are done.
    if (message.kind === "stream") this.later ??= setTimeout(() => this.show(), OFTEN);
  }

  // Show what the cell has shown by now, unless the page shows the same already.
  async end(good, digest) {
    if (!good || digest !== this.shown) await this.show();
    this.shown = good ? digest : "failed";
    this.is(good ? "done" : "failed");
  }

  // One after the other: what is shown may have to wait for a script.
  show() {
    clearTimeout(this.later);
    this.later = null;
    this.shown = "";
    this.turn = this.turn.then(async () => replace(this.output, await this.outputs.elements()))
      .catch((error) => this.output.replaceChildren(`What this cell shows cannot be drawn here: ${error.message}`));
    return this.turn;
  }

  // A display elsewhere has new data for something that this cell shows.
  async update(message) {
    if (this.outputs.update(message)) await this.show();
  }

  // The page as it was published.
  async publish() {
    this.editor.source = this.ran = this.about.source;
    await this.turn;
    if (this.shown !== this.about.outputs) await replace(this.output, this.printed);
    this.shown = this.about.outputs;
    this.outputs = new Outputs(this.chapter.widgets);
    this.is("");
  }
}
