/* Python in a worker: its files are fetched with a count of bytes, kept by the browser, and unpacked. */
const PATIENCE = 20_000; // milliseconds without a byte, after which a download has stalled
const PARAMETERS = {
  env: {
    HOME: "/home/pyodide", MPLCONFIGDIR: "/tmp/matplotlib", MPLBACKEND: "module://matplotlib_inline.backend_inline",
    OMP_NUM_THREADS: "1",
  },
  stdout: () => {},
  stderr: () => {},
};

// A download that stalls or fails says so; what failed can be tried again.
export class Lost extends Error {}

// Whether these are the bytes that were made for this page; without a secure address browsers compute no checksums.
async function right(whole, { bytes, sha256 }) {
  if (whole.length !== bytes) return false;
  if (!globalThis.crypto?.subtle) return true;
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("") === sha256;
}

async function download(url, expected, count) {
  const stop = new AbortController();
  let timer = null;
  const wait = () => { clearTimeout(timer); timer = setTimeout(() => stop.abort(), PATIENCE); };
  try {
    wait();
    const answer = await fetch(url, { signal: stop.signal });
    if (!answer.ok) throw new Lost(`${url.pathname} is not there (${answer.status})`);
    const parts = [], reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      wait();
      parts.push(value);
      count(value.length);
    }
    const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
    if (!await right(whole, expected)) throw new Lost(`${url.pathname} came with other bytes than those of this page`);
    return whole;
  } catch (error) {
    if (stop.signal.aborted) throw new Lost("no byte came for twenty seconds");
    throw error instanceof Lost ? error : new Lost(error.message);
  } finally {
    clearTimeout(timer);
  }
}

// The files of one version, kept by the browser for the next page where it keeps anything.
async function fetched(about, base, names, tell) {
  // Other books may lie beside this one.
  const ours = `mirage-live-${new URL(base).pathname}`, own = ours + about.version;
  let store = null;
  try {
    for (const name of await caches.keys()) if (name.startsWith(ours) && name !== own) await caches.delete(name);
    store = await caches.open(own);
  } catch { /* a page without a secure address, or a browser that keeps nothing */ }
  const of = (name) => about.files[name] ?? { bytes: 0, wire: 0 };
  const total = names.reduce((sum, name) => sum + of(name).wire, 0);
  let loaded = 0, last = -1;
  const files = new Map();
  for (const name of names) {
    const expected = of(name), { bytes, wire } = expected, url = new URL(name, base);
    url.searchParams.set("v", about.version);
    const count = (length) => {
      loaded += wire * length / bytes;
      const now = Math.round(loaded / 1e5);
      if (now !== last) tell({ kind: "loaded", loaded, total });
      last = now;
    };
    const kept = await store?.match(url);
    let whole = kept && new Uint8Array(await kept.arrayBuffer());
    if (whole && await right(whole, expected)) count(bytes);
    else {
      whole = await download(url, expected, count);
      // A full disk is no reason to stop.
      await store?.put(url, new Response(whole)).catch(() => {});
    }
    files.set(name, whole);
  }
  return files;
}

// Call a function of Python's, which may wait for something (await in a cell) where the browser can put it aside so long.
export const call = (f, ...given) => ("Suspending" in WebAssembly ? f.callPromising(...given) : f(...given));

// Python, started, with these archives unpacked; `tell` hears { kind: "loaded", loaded, total } and
// { kind: "phase", words }.
export async function load(about, base, archives, tell) {
  const core = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"].map((name) => about.core + name);
  const files = await fetched(about, base, [...core, ...archives], tell);
  tell({ kind: "phase", words: "Starting Python" });
  const indexURL = new URL(about.core, base).href;
  // Pyodide asks for its own files; these are here.
  const ask = globalThis.fetch;
  globalThis.fetch = async (request, options) => {
    const name = new URL(request.url ?? request, base).href.split("?")[0].replace(new URL(base).href, "");
    if (!files.has(name)) return ask(request, options);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(files.get(name), { headers: { "Content-Type": type } });
  };
  // Whatever type the server says that scripts have, and none of an older version.
  const script = async (name) => {
    const url = URL.createObjectURL(new Blob([files.get(about.core + name)], { type: "text/javascript" }));
    try { return await import(url); } finally { URL.revokeObjectURL(url); }
  };
  const { loadPyodide } = await script("pyodide.mjs"), { default: createPyodideModule } = await script("pyodide.asm.mjs");
  // Packages come as archives of our own: nothing is looked up, here or elsewhere.
  const lockFileContents = JSON.stringify({ info: about.platform, packages: {} });
  const python = await loadPyodide({ indexURL, createPyodideModule, lockFileContents, ...PARAMETERS });
  globalThis.fetch = ask;
  tell({ kind: "phase", words: "Reading the library" });
  const unpack = python.runPython(`
import importlib, os, shutil
def unpack(path, folder):
    shutil.unpack_archive(path, folder)
    os.remove(path)
    importlib.invalidate_caches()
unpack
`);
  for (const name of archives) {
    const path = `/tmp/${name.split("/").pop()}`;
    python.FS.writeFile(path, files.get(name));
    unpack(path, about.site_packages);
  }
  unpack.destroy();
  return python;
}
