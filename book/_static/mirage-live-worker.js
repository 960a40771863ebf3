/* Python beside the page of a chapter: runs cells, and tells the page what they show. A module worker.

   The page sends { kind, id, ... } and hears { kind, id, ... }; what cells show are the messages of
   mirage_utils/page/live.py, as text. */
import { Lost, call, load } from "./mirage-live-loading.js";

let python = null, session = null, coloured = null, cell = null;

const HOME = "/home/pyodide/notebooks";

const tell = (message) => postMessage(message);

async function start({ about, base, chapter, pasted }) {
  const archives = [...about.archives.first, ...(about.archives.chapters[chapter] ?? [])];
  python = await load(about, base, archives, tell);
  tell({ kind: "phase", words: "Reading the chapter's library" });
  python.FS.mkdirTree(`${HOME}/yours`);
  python.FS.chdir(HOME);
  const live = python.pyimport("mirage_utils.page.live");
  coloured = live.coloured;
  session = live.Session((text) => tell({ kind: "message", id: cell, text }), pasted);
}

const asked = {
  start,
  run: async ({ id, source }) => {
    cell = id;
    try {
      const good = await call(session.run, source);
      return { good, digest: session.digest };
    } finally { cell = null; }
  },
  colour: ({ source }) => ({ html: coloured(source) }),
  // Files that the reader chose, by name.
  put: ({ files }) => { for (const [name, content] of files) python.FS.writeFile(`${HOME}/yours/${name}`, content); },
  receive: ({ model, data }) => session.receive(model, data),
};

addEventListener("message", async ({ data }) => {
  try {
    const answer = await asked[data.kind](data);
    tell({ kind: "done", id: data.id, ...answer });
  } catch (error) {
    tell({ kind: "failed", id: data.id, lost: error instanceof Lost, words: String(error?.message ?? error) });
  }
});
