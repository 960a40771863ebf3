/* The checks of an assignment, run by Python beside the page. A module worker.

   The page sends { about, base, archives, name, files, released }, and hears how far Python has come, the messages of
   mirage_utils/coursework/browser.py as text, and { kind: "end" } or { kind: "failed", lost, words }. */
import { Lost, add, load } from "./mirage-live-loading.js";

const tell = (message) => postMessage(message);
const there = new Set();
let python = null;

addEventListener("message", async ({ data }) => {
  const { about, base, archives, name, files, released } = data;
  const missing = archives.filter((each) => !there.has(each));
  try {
    if (python) await add(python, about, base, missing, tell);
    else python = await load(about, base, missing, tell);
    for (const each of missing) there.add(each);
    tell({ kind: "phase", words: "Reading the library" });
    const { check } = python.pyimport("mirage_utils.coursework.browser");
    check(name, python.toPy(files), (text) => tell({ kind: "message", text }), python.toPy(released));
    tell({ kind: "end" });
  } catch (error) {
    tell({ kind: "failed", lost: error instanceof Lost, words: String(error?.message ?? error) });
  }
});
