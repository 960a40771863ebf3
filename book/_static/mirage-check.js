/* On the page for students: a notebook that its reader chooses is run here, and its visible checks say where it stands. */
(() => {
  "use strict";
  const box = document.querySelector(".mb-check");
  if (!box) return;
  const root = new URL("../", document.currentScript.src);
  const one = (selector) => box.querySelector(selector);
  const form = one("form"), chooser = one("input"), button = one("button[type=submit]"), stop = one("button[type=button]");
  const state = one("[role=status]"), bar = one("progress"), result = one(".mb-check-result");
  const said = one(".mb-check-said"), rows = one("tbody");
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const INSTEAD = "Check the notebook on your own machine, as it is said below.";
  const FORM = 2; // of live/about.json: tools/live/build.py
  let worker = null, run = null, warned = false;

  const say = (words) => { state.textContent = words; };
  class Told extends Error {} // what the reader is told in place of a result

  // ------------------------------------------------------------ files

  // The notebook first, and what lies beside it. They are asked for anew each time: a file that was changed and chosen
  // again is no change to a browser.
  function chosen() {
    const files = [...chooser.files], notebooks = files.filter((file) => /\.ipynb$/i.test(file.name));
    if (!files.length) throw new Told("Choose your notebook first.");
    if (notebooks.length > 1) throw new Told(`One notebook at a time, and not ${notebooks.map((file) => file.name).join(", ")}.`);
    return [...notebooks, ...files.filter((file) => file !== notebooks[0])];
  }
  function ready() {
    try {
      say(`Ready to check ${chosen().map((file) => file.name).join(", ")}.`);
    } catch (error) {
      say(error.message);
    }
  }
  chooser.addEventListener("change", ready);
  for (const kind of ["dragover", "dragleave", "drop"]) {
    box.addEventListener(kind, (event) => {
      event.preventDefault();
      box.classList.toggle("mb-over", kind === "dragover");
      if (kind !== "drop" || run) return;
      chooser.files = event.dataTransfer.files;
      ready();
    });
  }

  // ------------------------------------------------------------ Python

  async function about() {
    if (location.protocol === "file:") {
      throw new Told(`Python does not run in a page that was opened from a file. "make serve" shows the book at http://localhost:8000. ${INSTEAD}`);
    }
    if (typeof WebAssembly !== "object" || typeof Worker !== "function") {
      throw new Told(`This browser has no WebAssembly, without which it cannot run Python. ${INSTEAD}`);
    }
    const answer = await fetch(new URL("live/about.json", root)).catch(() => null);
    if (answer?.status === 404) {
      throw new Told(`This copy of the book was built without Python for its pages, which "make live" adds. ${INSTEAD}`);
    }
    if (!answer?.ok) throw new Told("Python could not be loaded from this site. Press Check to try again.");
    const live = await answer.json();
    if (live.form !== FORM) throw new Told(`The Python beside this book was put there for another state of its pages; "make live" renews it. ${INSTEAD}`);
    return live;
  }

  function parsed(content) {
    try {
      return JSON.parse(new TextDecoder().decode(content)) ?? {};
    } catch {
      return {}; // what is wrong with it, Python says
    }
  }

  // The same assignment as this site offers it, to tell another edition; nothing if it offers none.
  async function offered(notebook) {
    const name = notebook.metadata?.mirage?.assignment;
    const here = [...document.querySelectorAll("a.mb-lab")].some((link) => link.href.endsWith(`=${name}.ipynb`));
    const answer = here && await fetch(new URL(`_static/assignments/${name}.ipynb`, root)).catch(() => null);
    return new Uint8Array(answer?.ok ? await answer.arrayBuffer() : 0);
  }

  // ------------------------------------------------------------ a run

  function row(called, points, text, ok) {
    result.hidden = false;
    const line = rows.insertRow();
    line.className = ok ? "mb-right" : "mb-left";
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = called;
    line.append(head);
    for (const words of [points, text]) line.insertCell().textContent = words;
  }

  function finding({ name, ok, text }) {
    const each = run.exercises.get(name);
    run.found.add(name);
    if (ok && each && !each.essay) run.got += each.most;
    const points = each ? (each.essay ? `\u2013 / ${each.most}` : `${ok ? each.most : 0} / ${each.most}`) : "";
    row(each?.called ?? name, points, text, ok);
  }

  // The page ends what does not end by itself; what was not reached is named.
  function end(why) {
    worker?.terminate();
    worker = null;
    if (run?.cell) {
      finding({ name: run.cell, ok: false, text: run.ended.replace("{why}", why) });
      for (const each of run.exercises.values()) {
        if (run.found.has(each.name)) continue;
        if (each.essay) row(each.called, `\u2013 / ${each.most}`, "read by a person", true);
        else row(each.called, `0 / ${each.most}`, "not run", false);
      }
      const most = [...run.exercises.values()].reduce((sum, each) => sum + (each.essay ? 0 : each.most), 0);
      why = `${why[0].toUpperCase()}${why.slice(1)}. ${run.got} of ${most} points so far; what comes after that cell was not run.`;
    }
    done(why);
  }

  function done(words) {
    clearTimeout(run?.timer);
    clearTimeout(run?.whole);
    run = null;
    // Who pressed Stop with the keyboard stays beside it.
    if (document.activeElement === stop) button.focus();
    bar.hidden = stop.hidden = true;
    button.removeAttribute("aria-disabled");
    chooser.disabled = false;
    say(words);
  }

  const told = {
    refused: ({ text }) => { run.words = text; },
    begun: ({ exercises, note, seconds, ended }) => {
      run.exercises = new Map(exercises.map((each) => [each.name, each]));
      Object.assign(run, { seconds, ended });
      said.textContent = note;
    },
    cell: ({ name, number }) => {
      if (!run.cell) run.whole = setTimeout(() => end(`stopped after ${run.seconds.all} s in all`), 1000 * run.seconds.all);
      run.cell = name;
      clearTimeout(run.timer);
      run.timer = setTimeout(() => end(`stopped after ${run.seconds.cell} s`), 1000 * run.seconds.cell);
      say(`Running cell ${number} of ${run.of}`);
    },
    finding,
    done: ({ text }) => { run.words = text; },
  };

  function heard({ data }) {
    if (!run) return;
    if (data.kind === "loaded") {
      bar.hidden = false;
      bar.value = data.loaded / data.total;
      const words = `Loading Python: ${megabytes(data.loaded)} of ${megabytes(data.total)} MB`;
      bar.setAttribute("aria-label", words);
      one(".mb-check-bytes").textContent = words;
    } else if (data.kind === "phase") {
      bar.hidden = true;
      one(".mb-check-bytes").textContent = "";
      say(data.words);
    } else if (data.kind === "message") {
      const message = JSON.parse(data.text);
      told[message.kind](message);
    } else if (data.kind === "end") {
      done(run.words);
    } else {
      const why = data.words.trim().split("\n").pop();
      if (data.lost) end(`Python could not be loaded: ${why}. Press Check to try again.`);
      else end(run.cell ? "the process ended itself" : `Python did not start (${why}). ${INSTEAD}`);
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (run) return;
    run = { exercises: new Map(), found: new Set(), got: 0, words: "" };
    button.setAttribute("aria-disabled", "true");
    chooser.disabled = true;
    result.hidden = true;
    rows.replaceChildren();
    try {
      const files = chosen(), [{ name }] = files;
      if (!/^[\s\uFEFF]*({|$)/.test(await files[0].slice(0, 100).text().catch(() => ""))) {
        throw new Told(`${name} is no notebook. Choose the file that ends in .ipynb, as JupyterLab saves it.`);
      }
      const live = await about();
      const wire = (list) => list.reduce((sum, name) => sum + (live.files[name]?.wire ?? 0), 0);
      const size = wire([`${live.core}pyodide.asm.wasm`, `${live.core}python_stdlib.zip`, ...live.archives.first]);
      const slow = navigator.connection?.saveData || navigator.deviceMemory < 4 || matchMedia("(pointer: coarse)").matches;
      if (slow && !worker && !warned) {
        warned = true;
        throw new Told(`This loads up to ${megabytes(size)} MB, once, and may be slow on a phone. Press Check again to go on.`);
      }
      const read = (file) => file.arrayBuffer().then((content) => [file.name, new Uint8Array(content)], () => {
        throw new Told(`${file.name} has changed since it was chosen, or cannot be read: choose it again.`);
      });
      const contents = new Map(await Promise.all(files.map(read)));
      const notebook = parsed(contents.get(name));
      run.of = notebook.cells?.length ?? 0;
      const released = await offered(notebook);
      if (!worker) {
        worker = new Worker(new URL("_static/mirage-check-worker.js", root), { type: "module" });
        worker.addEventListener("message", heard);
        worker.addEventListener("error", () => run && end(`This browser, or a setting of it, keeps the page from starting Python. ${INSTEAD}`));
      }
      stop.hidden = false;
      say("Loading Python");
      worker.postMessage({ about: live, base: new URL("live/", root).href, name, files: contents, released });
    } catch (error) {
      done(error instanceof Told ? error.message : `Something went wrong: ${error.message}`);
    }
  });
  // The notebook beside the book, where there is one.
  for (const link of document.querySelectorAll("a.mb-lab")) {
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      try {
        await about();
        location.assign(link.href);
      } catch (error) {
        const words = document.createElement("span");
        words.setAttribute("role", "status");
        link.closest("p").querySelector("[role=status]")?.remove();
        link.closest("p").append(words);
        words.textContent = ` ${error.message}`;
      }
    });
  }

  stop.addEventListener("click", () => end(run?.cell ? "stopped by you" : "Stopped."));
})();
