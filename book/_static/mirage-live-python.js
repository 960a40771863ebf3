/* The page's end of the line to the worker in which Python runs (mirage-live-worker.js). */

// A download failed, and may succeed another time.
export class Lost extends Error {}
// The browser, or a rule of the site, does not let the worker run.
export class Blocked extends Error {}
// Python was stopped by the reader.
export class Stopped extends Error {}

export class Python {
  // hear(message, id): what cells show, and what widgets say between them (id is null); progress(kind, data): of the start.
  constructor({ scripts, hear, progress }) {
    this.url = new URL("mirage-live-worker.js", scripts);
    this.hear = hear;
    this.progress = progress;
    this.waiting = new Map();
    this.count = 0;
    this.worker = null;
  }

  async start(given) {
    let alive = false;
    const broken = new Promise((_, reject) => {
      try {
        this.worker = new Worker(this.url, { type: "module" });
      } catch (error) {
        reject(new Blocked(error.message));
        return;
      }
      this.worker.addEventListener("error", async (event) => {
        event.preventDefault?.();
        const error = alive ? Error(event.message ?? "Python has ended") : await this.silent(event.message ?? "");
        reject(error);
        this.fail(error);
      });
      this.worker.addEventListener("message", ({ data }) => {
        alive = true;
        this.take(data);
      });
    });
    broken.catch(() => {});
    if (this.worker) await Promise.race([this.ask("start", given), broken]);
    else await broken;
  }

  // Why a worker never said a word.
  async silent(words) {
    const there = await fetch(this.url, { cache: "no-store" }).then((answer) => answer.ok, () => false);
    return there ? new Blocked(words) : new Lost("its script did not come");
  }

  take(data) {
    if (data.kind === "message") this.hear(JSON.parse(data.text), data.id);
    else if (data.kind === "done" || data.kind === "failed") {
      const { resolve, reject } = this.waiting.get(data.id) ?? {};
      this.waiting.delete(data.id);
      if (data.kind === "done") resolve?.(data);
      else reject?.(data.lost ? new Lost(data.words) : Error(data.words));
    } else this.progress(data.kind, data);
  }

  ask(kind, data) {
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ kind, id, ...data });
    });
  }

  fail(error) {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  // There is no way to interrupt Python: its worker ends, and another can be started.
  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.fail(new Stopped("stopped"));
  }
}
