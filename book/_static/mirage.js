/* On every page: cards for terms, references and equations; formulas that can be scrolled by keyboard; questions; the way
   to run a chapter in its page. What the chapter's code shows anew tells so by the event "mirage:output". */
(() => {
  "use strict";
  const here = document.currentScript.src;

  // What is wider than its place scrolls, and must then be reachable without a pointer.
  const wide = () => {
    for (const box of document.querySelectorAll("div.math, mjx-container[display]")) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        box.setAttribute("role", "group");
        box.setAttribute("aria-label", "Formula");
      }
    }
  };
  wide();
  addEventListener("resize", wide);
  document.addEventListener("mirage:output", wide);

  // Python, for those who ask for it: nothing of it is loaded before.
  const asked = document.querySelector(".mb-run");
  asked?.addEventListener("click", () => {
    const script = document.createElement("script");
    script.src = new URL("mirage-live.js", here).href;
    script.onerror = () => asked.after(" This could not be loaded: load the page again, or download the notebook.");
    document.head.append(script);
  }, { once: true });

  // Questions. Rules of style show what an answer shows; scripts add what style cannot do.
  const covers = [], alive = new WeakSet();
  function question(form) {
    if (alive.has(form)) return;
    alive.add(form);
    const radios = [...form.querySelectorAll(".mb-option input")];
    // Browsers that cannot open a fold by style have it opened.
    form.addEventListener("change", () => {
      form.querySelector(".mb-reply").open = form.querySelector(".mb-guess input:checked") !== null;
    });
    // The arrows would choose each option that they pass: until there is an answer they only move.
    form.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Enter: 0 }[event.key];
      const at = radios.indexOf(event.target);
      if (step === undefined || at < 0 || (step && radios.some((radio) => radio.checked))) return;
      event.preventDefault();
      if (step) radios.at((at + step) % radios.length).focus();
      else radios[at].click();
    });
    // A figure elsewhere is covered by a rule that looks through the whole page, at every step of a slider: with
    // scripts a class does it.
    const link = form.querySelector('.mb-answer a[href^="#fig-"]');
    const figure = () => link && document.getElementById(link.hash.slice(1));
    if (!figure()) return;
    const cover = () => {
      if (form.isConnected) figure()?.classList.toggle("mb-covered", !form.querySelector(".mb-option input:checked"));
    };
    covers.push(cover);
    cover();
    form.addEventListener("change", cover);
    if (form.previousElementSibling?.tagName === "STYLE") form.previousElementSibling.remove();
  }
  const questions = (part) => part.querySelectorAll("form.mb-predict:not(.mb-sketch)").forEach(question);
  questions(document);
  document.addEventListener("mirage:output", (event) => {
    questions(event.target);
    covers.forEach((cover) => cover());
  });

  // A figure that a link led to stays, wherever the reader goes next; the link may carry the values of an explorer.
  const led = () => {
    const id = location.hash.slice(1).split("&")[0];
    document.getElementById(id)?.closest(".mb-shown")?.parentElement.classList.add("mb-known");
  };
  led();
  addEventListener("hashchange", led);

  // All figures at once, or each after its question: remembered for the whole site, and set at the head of a page.
  const root = document.documentElement;
  const all = () => document.querySelectorAll(".mb-switch input");
  const set = () => all().forEach((box) => { box.checked = root.dataset.figures === "all"; });
  set();
  document.addEventListener("mirage:output", set);
  document.addEventListener("change", ({ target: box }) => {
    if (!box.matches?.(".mb-switch input")) return;
    const before = box.getBoundingClientRect().top;
    root.dataset.figures = box.checked ? "all" : "ask";
    localStorage.setItem("figures", root.dataset.figures);
    set();
    // What shows above moves the reader nowhere.
    scrollBy({ top: box.getBoundingClientRect().top - before, behavior: "instant" });
  });

  const data = document.querySelector("script.mb-cards");
  const texts = data ? JSON.parse(data.textContent) : {};
  const card = document.createElement("div");
  card.className = "mb-card";
  card.id = "mb-card";
  card.setAttribute("role", "tooltip");
  card.hidden = true;
  document.body.append(card);
  let owner = null, timer = null;

  function content(link) {
    const address = new URL(link.href, location.href);
    const file = address.pathname.split("/").pop(), anchor = decodeURIComponent(address.hash.slice(1));
    const text = texts[`${file}#${anchor}`];
    if (text?.startsWith("<math")) {  // an equation of another page, without that page's glyphs
      const formula = document.createElement("template");
      formula.innerHTML = text;
      return formula.content;
    }
    if (text) return document.createTextNode(text);
    if (address.pathname === location.pathname && anchor.startsWith("equation-")) {
      const formula = document.getElementById(anchor)?.querySelector("mjx-container");
      return formula ? formula.cloneNode(true) : null;
    }
    return null;
  }

  function show(link) {
    const inside = content(link);
    if (!inside) return;
    clearTimeout(timer);
    owner?.removeAttribute("aria-describedby");
    owner = link;
    card.replaceChildren(inside);
    card.hidden = false;
    link.setAttribute("aria-describedby", card.id);
    const at = link.getBoundingClientRect(), size = card.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - size.width - 8));
    const above = at.top > size.height + 12;
    card.style.left = `${left + scrollX}px`;
    card.style.top = `${(above ? at.top - size.height - 6 : at.bottom + 6) + scrollY}px`;
  }

  function hide() {
    owner?.removeAttribute("aria-describedby");
    owner = null;
    card.hidden = true;
  }

  const links = "article a.mb-term, article a.reference.internal";
  const link = (event) => event.target.closest?.(links);
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    if (link(event)) { const found = link(event); clearTimeout(timer); timer = setTimeout(() => show(found), 120); }
    else if (card.contains(event.target)) clearTimeout(timer);
    else if (owner) { clearTimeout(timer); timer = setTimeout(hide, 200); }
    else clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => (link(event) ? show(link(event)) : hide()));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  // On a touch screen the first tap opens the card, the second follows the link.
  document.addEventListener("click", (event) => {
    const found = link(event);
    if (found && matchMedia("(hover: none)").matches && owner !== found && content(found)) {
      event.preventDefault();
      show(found);
    } else if (!found && !card.contains(event.target)) hide();
  });
})();
