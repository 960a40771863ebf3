// Pyodide outside of a browser: runs a Python file with two folders of this machine as /in and /out.
// node node.mjs PYODIDE IN OUT FILE
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

// The stack of an error has all of Pyodide in one line: its message is enough.
const fail = (error) => { console.error(String(error.message ?? error).slice(-4000)); process.exit(1); };
process.on("uncaughtException", fail);

const [home, from, to, file] = process.argv.slice(2).map((name) => path.resolve(name));
const { platform: info } = JSON.parse(fs.readFileSync(new URL("pins.json", import.meta.url), "utf8"));
const { loadPyodide } = await import(pathToFileURL(path.join(home, "pyodide.mjs")).href);
try {
  // The tables that point to columns within a line are a quarter of the bytecode.
  const python = await loadPyodide({
    indexURL: home + "/", env: { HOME: "/home/pyodide", MPLCONFIGDIR: "/tmp/mpl", MPLBACKEND: "module://matplotlib_inline.backend_inline", PYTHONNODEBUGRANGES: "1" }, packages: [],
    lockFileContents: { info, packages: {} },
  });
  python.mountNodeFS("/in", from);
  python.mountNodeFS("/out", to);
  await python.runPythonAsync(fs.readFileSync(file, "utf8"));
  process.exit(0);
} catch (error) {
  fail(error);
}
