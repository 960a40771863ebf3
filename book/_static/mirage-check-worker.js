/* The checks of an assignment, run by Python beside the page. A module worker.

   The page sends { about, base, name, files, released }, and hears how far Python has come, the messages of
   mirage_utils/coursework/browser.py as text, and { kind: "end" } or { kind: "failed", lost, words }. */
import { Lost, call, load } from "./mirage-live-loading.js";

const tell = (message) => postMessage(message);
let python = null;

addEventListener("message", async ({ data: { about, base, name, files, released } }) => {
  try {
    python ??= await load(about, base, about.archives.first, tell);
    tell({ kind: "phase", words: "Reading the notebook" });
    const { check } = python.pyimport("mirage_utils.coursework.browser");
    await call(check, name, python.toPy(files), (text) => tell({ kind: "message", text }), python.toPy(released));
    tell({ kind: "end" });
  } catch (error) {
    tell({ kind: "failed", lost: error instanceof Lost, words: String(error?.message ?? error) });
  }
});
