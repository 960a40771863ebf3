/* A chapter that runs in its page: cells in order, outputs in place, numbers in the text that follow. */
import { Cell } from "./mirage-live-cell.js";
import { button, make, steady } from "./mirage-live-outputs.js";
import { Blocked, Lost, Python, Stopped } from "./mirage-live-python.js";
import { Widgets } from "./mirage-live-widgets.js";

const OTHER = "Note: this page was built with another state of the library than the one that runs here, and its numbers may differ.";

const NAMED = 3;

// Open whatever a cell lies folded in, so that a link to it leads to something, and go on from there.
function uncover({ place, fold, editor, code }) {
  for (let within = place; within; within = within.parentElement) {
    if (within.tagName === "DETAILS") within.open = true;
    if (within.classList.contains("toggle-hidden")) within.querySelector(".toggle-button")?.click();
  }
  if (fold) fold.open = true;
  (code ?? place).scrollIntoView();
  editor.field.focus({ preventScroll: true });
}

// Names in a line that stays a line.
function listed(names) {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

export class Chapter {
  constructor({ panel, say, offer, about, record, chapter, root, scripts, instead }) {
    Object.assign(this, { panel, say, offer, about, record, name: chapter, root, instead });
    this.loading = panel.querySelector(".mb-py-load");
    this.buttons = panel.querySelector(".mb-py-buttons");
    this.count = panel.querySelector(".mb-py-count");
    this.python = new Python({
      scripts, hear: (message, id) => this.hear(message, id), progress: (kind, data) => this.progress(kind, data),
    });
    this.widgets = new Widgets((model, data) => this.python.ask("receive", { model, data: JSON.stringify(data) }).catch(() => {}));
    this.queue = [];
    this.current = null;
    this.ready = false;
    this.files = new Map(); // of the reader, by name
  }

  // -- starting ------------------------------------------------------------------------------------

  async begin() {
    if (!await this.start()) return;
    if (!this.cells) await steady(async () => this.build(), innerHeight / 3);
    this.bar();
    await this.below(this.cells[0]);
  }

  // Start Python; whether it runs. Where it does not, the panel says why, and what to do.
  async start() {
    this.ready = false;
    this.starting = true;
    this.say("Loading Python");
    if (!this.cells) this.offer("Cancel", () => this.cancel());
    try {
      const base = new URL("live/", this.root).href;
      await this.python.start({ about: this.about, base, chapter: this.name, pasted: this.record.numbers });
      if (this.files.size) await this.python.ask("put", { files: this.files });
      this.ready = true;
    } catch (error) {
      if (error instanceof Stopped) return false;
      this.python.stop();
      if (error instanceof Lost) {
        this.say("Python could not be loaded: the connection is slow, or it has ended.", error.message);
      } else if (error instanceof Blocked) {
        this.say(`This browser, or a rule of this site, keeps the page from starting a worker, in which Python would run. ${this.instead}`, error.message);
      } else this.say(`Python could not be started in this page. ${this.instead}`, error.message);
      this.offer("Try again", () => this.begin());
    } finally {
      this.starting = false;
      this.loading.hidden = true;
    }
    return this.ready;
  }

  cancel() {
    this.python.stop();
    this.say("Not started. Files that have come in full are kept.");
    this.offer("Load and run", () => this.begin());
  }

  progress(kind, { loaded, total, words }) {
    this.loading.hidden = kind !== "loaded";
    if (kind === "phase") this.panel.querySelector(".mb-py-says").textContent = words;
    else {
      const mb = (bytes) => (bytes / 1e6).toFixed(1);
      this.loading.querySelector("progress").value = total ? loaded / total : 0;
      this.loading.querySelector(".mb-py-bytes").textContent = `${mb(loaded)} of ${mb(total)} MB`;
    }
  }

  // Editors and their tools, once Python is there.
  build() {
    document.documentElement.classList.add("mb-py");
    const places = [...document.querySelectorAll("article.bd-article div.cell")];
    this.spans = [...document.querySelectorAll("article.bd-article .pasted-text")]
      .map((span, i) => ({ span, content: this.record.numbers[i], printed: span.textContent }));
    places.push(this.own());
    const cells = [...this.record.cells, { source: "", tags: [], outputs: "" }];
    this.cells = cells.map((about, i) => new Cell(places[i], about, i + 1, this));
    // Browsers ask in their own words before what was typed goes.
    addEventListener("beforeunload", (event) => { if (this.edited()) event.preventDefault(); });
    if (this.record.library !== this.about.library) this.panel.after(make("p", { class: "mb-py-note" }, OTHER));
  }

  bar() {
    this.stopping = button("Stop", () => this.stop());
    this.stopping.disabled = true;
    const chooser = make("input", { type: "file", multiple: true, hidden: true });
    chooser.addEventListener("change", async () => {
      await this.bring([...chooser.files]);
      chooser.value = ""; // the same file, changed and chosen again, is a change
    });
    this.buttons.replaceChildren(
      button("Run all", () => this.below(this.cells[0])), this.stopping,
      button("Start over", () => this.startOver(), "The chapter as it was published, and a new Python"),
      button("Your files", () => chooser.click(), "Files of yours for the cells of this chapter, which stay in this browser"), chooser,
      make("a", { href: new URL(`live/lab/notebooks/index.html?path=${this.name}.ipynb`, this.root).href }, "Plain notebook"),
    );
  }

  // Files of the reader's for the cells to read.
  async bring(files) {
    try {
      for (const file of files) this.files.set(file.name, new Uint8Array(await file.arrayBuffer()));
      await this.python.ask("put", { files: this.files });
      this.say("Cells find your files in the folder <code>yours</code>; they stay in this browser", listed([...this.files.keys()]));
    } catch (error) {
      if (error instanceof Stopped) return; // the next Python gets them
      this.say("A file could not be read.", error.message);
    }
  }

  // At the end of the chapter, a cell for what its reader wants to try.
  own() {
    const place = make("div", { class: "cell docutils container mb-py-own" }, make("p", { class: "mb-py-title" }, "A cell of your own"),
      make("div", { class: "cell_input docutils container" }));
    document.querySelector("article.bd-article > section").append(place);
    return place;
  }

  // The parameters stand at the top of the chapter.
  top(element) { this.panel.after(element); }

  // -- running -------------------------------------------------------------------------------------

  // A cell, after those above it that this Python has not run yet.
  async run(cell, goOn = false) {
    const at = this.cells.indexOf(cell);
    const next = this.cells.slice(at + 1).find((other) => other.editor.field.offsetParent);
    if (goOn) next?.editor.field.focus();
    await this.ask([...this.missing(at), cell]);
  }

  async below(cell) {
    const at = this.cells.indexOf(cell);
    await this.ask([...this.missing(at), ...this.cells.slice(at)]);
  }

  missing(at) { return this.cells.slice(0, at).filter((cell) => cell.state === "" || cell.state === "left"); }

  async ask(cells) {
    if (this.starting) {
      this.say("Python is still starting: press again when it is there.");
      return;
    }
    if (!this.ready) {
      if (!await this.start()) return;
      this.bar();
    }
    for (const cell of cells) {
      if (!this.queue.includes(cell)) this.queue.push(cell);
      if (cell !== this.current) cell.is("waiting");
    }
    this.queue.sort((one, other) => one.number - other.number);
    if (!this.current) await this.work();
  }

  async work() {
    this.stopping.disabled = false;
    this.panel.setAttribute("aria-busy", "true");
    // Those who see follow the count; to those who listen it would be noise.
    this.say('<span class="visually-hidden">Running.</span>');
    let failed = null, done = 0;
    while (this.queue.length && !failed) {
      const cell = this.current = this.queue.shift();
      this.count.textContent = `Running cell ${cell.number} of ${this.cells.length}`;
      cell.begin();
      try {
        const { good, digest } = await this.python.ask("run", { source: cell.source });
        await cell.end(good, digest);
        if (good) done += 1; else failed = cell;
      } catch (error) {
        if (error instanceof Stopped) return;
        await this.ended(cell, error);
        return;
      }
    }
    this.idle();
    if (failed) this.leave(failed);
    else this.say(done > 1 ? "The chapter has run: change a cell, and run it again." : "Done.");
  }

  idle() {
    this.current = null;
    this.stopping.disabled = true;
    this.count.textContent = "";
    this.panel.removeAttribute("aria-busy");
  }

  // The run stops at a cell that fails; what would have followed says that it was not run.
  leave(failed) {
    for (const cell of this.queue) cell.is("left");
    const rest = this.queue.length ? " The cells below it were not run." : "";
    this.queue = [];
    this.say(`<a href="#${this.anchor(failed)}">Cell ${failed.number}</a> failed, and the run stopped there.${rest}`);
    this.panel.querySelector(".mb-py-says a").addEventListener("click", (event) => {
      event.preventDefault();
      uncover(failed);
    });
  }

  anchor(cell) {
    cell.place.id ||= `cell-${cell.number}`;
    return cell.place.id;
  }

  // Python itself has ended, as it does when there is no memory left.
  async ended(cell, error) {
    this.python.stop();
    cell.is("failed");
    this.fresh();
    await cell.show();
    if (await this.start()) this.say("Python had ended in that cell (its memory may have been full), and was started again.", error.message);
  }

  async stop() {
    this.panel.focus({ preventScroll: true }); // the button goes out
    this.python.stop();
    this.current?.show();
    this.fresh();
    if (await this.start()) this.say("Stopped. Python was started again, and knows nothing of the cells that had run.");
  }

  edited() { return this.cells?.some((cell) => cell.source !== cell.about.source); }

  async startOver() {
    if (this.edited() && !confirm("Start over? What you have changed in this chapter goes.")) return;
    this.python.stop();
    this.fresh();
    for (const cell of this.cells) await cell.publish();
    for (const number of this.spans) this.write(number, number.printed);
    if (await this.start()) this.say("The chapter as it was published. Change a cell, and run it.");
  }

  // No cell has run in a Python that has just begun.
  fresh() {
    this.queue = [];
    this.idle();
    for (const cell of this.cells) cell.is(cell.state === "failed" || cell.state === "running" ? "left" : "");
    this.widgets.forget();
  }

  // -- hearing -------------------------------------------------------------------------------------

  hear(message, id) {
    if (message.kind === "numbers") {
      for (const number of this.spans) if (number.content in message.values) this.write(number, message.values[number.content]);
    } else if (message.kind === "models" || message.kind === "model" || message.into) this.widgets.hear(message);
    else if (message.kind === "display" && message.update && message.id) {
      for (const cell of this.cells) if (cell !== this.current) cell.update(message);
      this.current?.hear(message);
    } else if (id !== null) this.current?.hear(message);
    else this.widgets.hear(message);
  }

  // A number in the text; one that is not the published one says so quietly.
  write({ span, printed }, text) {
    const changed = text !== printed;
    span.textContent = text;
    span.classList.toggle("mb-py-changed", changed);
    if (changed) {
      span.title = `published: ${printed}`;
      span.append(make("span", { class: "visually-hidden" }, ` (published: ${printed})`));
    } else span.removeAttribute("title");
  }

  async colour(source) {
    if (!this.ready || this.current) { // Python is busy: the text is coloured when it has time
      await this.settled();
      if (!this.ready) return null;
    }
    return this.python.ask("colour", { source }).then(({ html }) => html, () => null);
  }

  async settled() {
    while (this.current) await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
