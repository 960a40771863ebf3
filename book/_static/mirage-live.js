/* "Run this chapter here": loaded when a reader presses the button. Finds out whether Python can run in this page, says what
   to do instead where it cannot, and hands over to mirage-live-chapter.js where it can. */
(() => {
  "use strict";
  const here = document.currentScript.src;
  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
  const chapter = location.pathname.split("/").pop().replace(/\.html$/, "");
  const button = document.querySelector(".mb-run");
  const INSTEAD = "You can download the notebook above and run it on a machine of your own (<code>make lab</code>).";
  const MEGABYTES = 1e6;
  const FORM = 2; // of live/about.json: tools/live/build.py
  const MODULES = ["cell", "chapter", "editor", "loading", "outputs", "python", "widgets", "worker"].map((name) => `mirage-live-${name}.js`);

  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = new URL("live.css", here).href;
  document.head.append(sheet);

  // The place where everything about the run is said: below the line with the button, and there from the start, so that
  // screen readers tell what comes.
  const panel = document.createElement("section");
  panel.className = "mb-py-panel";
  panel.setAttribute("aria-label", "Python in this page");
  panel.tabIndex = -1;
  panel.innerHTML = `<div class="mb-py-bar"><p class="mb-py-says" role="status"></p><p class="mb-py-count" aria-hidden="true"></p>
    <p class="mb-py-load" hidden><progress aria-label="Loading Python" max="1" value="0"></progress> <span class="mb-py-bytes"></span></p>
    <div class="mb-py-buttons"></div></div>`;
  button.closest(".mb-meta").after(panel);
  const says = panel.querySelector(".mb-py-says"), buttons = panel.querySelector(".mb-py-buttons");

  // Words may hold links and code of ours; what comes from elsewhere is put in as text.
  const say = (words, detail = "") => {
    says.innerHTML = words;
    if (detail) says.append(` (${detail})`);
  };
  const offer = (words, then) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.addEventListener("click", () => { panel.focus({ preventScroll: true }); buttons.replaceChildren(); then(); });
    buttons.replaceChildren(made);
    return made;
  };

  function obstacle() {
    if (location.protocol === "file:") {
      return "This page was opened as a file, and browsers run Python only in pages that come from a web server. In the book's "
        + 'folder, <code>make serve</code> shows the built book at http://localhost:8000, and <code>make lab</code> opens the chapters in JupyterLab.';
    }
    if (typeof WebAssembly !== "object") {
      return `This browser has no WebAssembly, or it is switched off (some do so in their strictest mode), and Python cannot run here. ${INSTEAD}`;
    }
    if (typeof Worker !== "function") return `This browser starts no workers, in which Python would run. ${INSTEAD}`;
    return "";
  }

  // What is slow here, in words; nothing on other machines.
  function slow() {
    if (navigator.connection?.saveData) return "Your browser is set to save data.";
    if (navigator.deviceMemory && navigator.deviceMemory < 4) return "This device has little memory, and it will be slow.";
    if (matchMedia("(pointer: coarse)").matches && Math.min(screen.width, screen.height) < 600) return "On a phone it will be slow.";
    return "";
  }

  const size = (about) => {
    const names = [...["pyodide.asm.wasm", "python_stdlib.zip", "pyodide.asm.mjs", "pyodide.mjs"].map((name) => about.core + name),
      ...about.archives.first, ...(about.archives.chapters[chapter] ?? [])];
    return names.reduce((sum, name) => sum + (about.files[name]?.wire ?? 0), 0) / MEGABYTES;
  };

  async function begin() {
    say("Looking for Python beside this book");
    let about, record;
    try {
      const answers = await Promise.all([
        fetch(new URL("live/about.json", root), { cache: "no-cache" }),
        fetch(new URL(`_sources/notebooks/${chapter}.live.json`, root), { cache: "no-cache" }),
        // A browser may still have scripts of an older site; those that it gets now are the ones it imports.
        ...MODULES.map((name) => fetch(new URL(name, here), { cache: "no-cache" })),
      ]);
      if (answers.some((answer) => answer.status === 404)) {
        say(`This copy of the book was built without Python for its pages; <code>make live</code> in the book's folder adds it. ${INSTEAD}`);
        return;
      }
      const refused = answers.find((answer) => !answer.ok);
      if (refused) throw Error(`the server answers ${refused.status}`);
      [about, record] = await Promise.all(answers.slice(0, 2).map((answer) => answer.json()));
      if (about.form !== FORM) {
        say(`The Python beside this book was put there for another state of its pages; <code>make live</code> in the book's folder renews it. ${INSTEAD}`);
        return;
      }
    } catch (error) {
      say("What this page needs to run could not be loaded.", error.message);
      offer("Try again", begin);
      return;
    }
    const warning = slow();
    if (warning) {
      say(`${warning} Python and its packages are about ${Math.ceil(size(about))} MB to load, once for all chapters.`);
      offer("Load and run", () => go(about, record));
    } else await go(about, record);
  }

  async function go(about, record) {
    try {
      const { Chapter } = await import(new URL("mirage-live-chapter.js", here).href);
      const run = new Chapter({ panel, say, offer, about, record, chapter, root, scripts: here, instead: INSTEAD });
      // Who came by keyboard stands where it goes on.
      if (button === document.activeElement) panel.focus({ preventScroll: true });
      // Not at once: the second press of a double click would hit the link that takes its place.
      setTimeout(() => button.parentElement.remove(), 1000);
      await run.begin();
    } catch (error) {
      say(`Python could not be started in this page. ${INSTEAD}`, error.message);
    }
  }

  button.setAttribute("aria-disabled", "true");
  const why = obstacle();
  if (why) say(why);
  else begin();
})();
