/* On the search page: where the pages that were found say the words. */
(() => {
  "use strict";
  const root = new URL("../", document.currentScript.src);
  const query = new URLSearchParams(location.search).get("q") ?? "";
  const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const texts = new Map(), arrived = new Map();

  // What a page says, part by part; its file calls `mirageText`.
  window.mirageText = (page, parts) => arrived.get(page)(parts);
  function text(page) {
    if (!texts.has(page)) texts.set(page, new Promise((resolve) => {
      arrived.set(page, resolve);
      const script = document.createElement("script");
      script.src = `${root.href}_static/texts/${page}.js`;
      document.head.append(script);
    }));
    return texts.get(page);
  }

  // Where a word of a text begins as one that was typed; or as its stem, by which the index knows it, which is worth less.
  function find(text, word) {
    for (const [beginning, worth] of [[word, 2], [new Stemmer().stemWord(word), 1]]) {
      const found = text.match(new RegExp(`(^|[^\\p{L}\\p{N}])${beginning}`, "u"));
      if (found) return { at: found.index + found[1].length, worth };
    }
    return { at: -1, worth: 0 };
  }

  // From a part of a page: some words around the first that was found.
  function around(text, places) {
    const start = Math.max(0, Math.min(...places) - 100);
    const from = start && text.indexOf(" ", start) + 1;
    const cut = text.slice(from, from + 240);
    const to = from + cut.length < text.length ? cut.lastIndexOf(" ") : cut.length;
    const line = document.createElement("p");
    line.className = "context";
    line.append(from ? "\u2026 " : "");
    let done = 0;
    for (const place of places.map((p) => p - from).filter((p) => p < to).sort((a, b) => a - b)) {
      if (place < done) continue;
      const mark = document.createElement("mark");
      mark.textContent = cut.slice(place).match(/^[\p{L}\p{N}]+/u)?.[0] ?? "";
      line.append(cut.slice(done, place), mark);
      done = place + mark.textContent.length;
    }
    line.append(cut.slice(done, Math.max(done, to)), from + to < text.length ? " \u2026" : "");
    return line;
  }

  // The part that has most of the words, with a link to it: the reader goes straight there.
  function explain(result, parts) {
    const link = result.querySelector("a"), wanted = decodeURIComponent(link.hash.slice(1));
    const one = parts.filter(([anchor]) => anchor === wanted);
    let best = null;
    for (const [anchor, title, said] of one.length ? one : parts) {
      const lower = said.toLowerCase();
      const places = words.map((word) => find(lower, word)).filter(({ at }) => at >= 0);
      const worth = places.reduce((sum, place) => sum + place.worth, said ? 0.5 : 0);
      if (worth > (best?.worth ?? 0)) best = { anchor, title, said, worth, places: places.map(({ at }) => at) };
    }
    if (!best) return;
    const line = around(best.said, best.places.length ? best.places : [0]);
    if (!wanted && best.anchor !== parts[0][0]) {
      const way = document.createElement("a");
      way.href = `${link.href}#${best.anchor}`;
      way.textContent = best.title;
      line.prepend(way, ": ");
    }
    result.append(line);
  }

  // Texts come for what is in view, and no others: a result keeps the place of its words free until they are there, or
  // a whole screen of bare titles would ask for texts that its readers never see.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      const page = target.querySelector("a").pathname.slice(root.pathname.length).replace(/\.html$/, "");
      text(page).then((parts) => {
        explain(target, parts);
        target.classList.remove("waiting");
      });
    }
  });
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.matches?.("ul.search > li")) {
          node.classList.add("waiting");
          seen.observe(node);
        }
  }).observe(document.getElementById("search-results"), { childList: true, subtree: true });
})();
