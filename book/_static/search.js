// The search field that Ctrl+K opens, and the one of search.html: sections are listed while one
// types. The index and the library are loaded when a reader begins, by script tags, so that it
// works on pages opened from a disk as well. Enter leads to search.html, which lists more.

(() => {
  const here = document.currentScript.src;
  const root = new URL("..", here).href;
  const PARTS = ["minisearch.js", "search-index.js", "search-engine.js"];
  const FEW = 8;
  const MANY = 30;

  let loading;
  function load() {
    loading ??= PARTS.reduce((before, name) => before.then(() => new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = new URL(name, here).href;
      script.onload = done;
      script.onerror = () => fail(new Error(`${name} is missing`));
      document.head.append(script);
    })), Promise.resolve());
    return loading;
  }

  function element(tag, name, ...children) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    node.append(...children);
    return node;
  }

  /** The text with the words that were found marked. */
  function marked(text, found) {
    const parts = text.split(/([\p{L}\p{N}_.]*[\p{L}\p{N}_])/gu);
    return parts.map((part, i) => {
      const isFound = i % 2 && bookSearch.terms(part).some((term) => found.has(term));
      return isFound ? element("mark", "", part) : part;
    });
  }

  /** The line of a section that has most of the words, cut around the first of them. */
  function bestLine(text, found) {
    let best = "";
    let most = 0;
    for (const line of text.split("\n")) {
      const count = new Set(bookSearch.terms(line).filter((term) => found.has(term))).size;
      if (count > most) [best, most] = [line.trim(), count];
    }
    best ||= text.split("\n", 1)[0];
    const words = [...best.matchAll(/[\p{L}\p{N}_.]+/gu)];
    const first = words.find(([word]) => bookSearch.terms(word).some((term) => found.has(term)));
    const start = Math.max(0, (first?.index ?? 0) - 60);
    const begin = start && best.indexOf(" ", start) + 1;
    const line = best.slice(begin, begin + 180);
    return `${begin ? "… " : ""}${line}${begin + 180 < best.length ? " …" : ""}`;
  }

  function item({ url, title, place, text, terms }) {
    const found = new Set(terms);
    const link = element("a", "search-link", element("span", "search-title", ...marked(title, found)));
    link.href = root + url;
    if (place.length) link.append(element("span", "search-place", place.join(" › ")));
    if (text) link.append(element("span", "search-line", ...marked(bestLine(text, found), found)));
    return element("li", "", link);
  }

  function attach(form, number) {
    const input = form.querySelector("input[type=search]");
    const onPage = Boolean(form.closest(".bd-search-page"));
    const status = element("p", "search-status");
    status.setAttribute("role", "status");
    const list = element("ol", "search-list");
    list.id = `search-list-${number}`;
    const box = element("div", "search-results", status, list);
    form.after(box);

    let asked = "";
    async function search() {
      const query = input.value.trim();
      if (query === asked) return;
      asked = query;
      if (!query) {
        status.textContent = "";
        list.replaceChildren();
        return;
      }
      try {
        if (!globalThis.bookSearch) status.textContent = say("Loading the index …");
        await load();
      } catch (error) {
        status.textContent = say("The search cannot work: {0}.", error.message);
        return;
      }
      if (query !== asked) return; // something else was typed meanwhile
      const results = bookSearch.find(query, onPage ? MANY : FEW);
      list.replaceChildren(...results.map(item));
      const count = results.length;
      status.textContent = count === 0 ? say("No section has these words.")
        : count === 1 ? say("One section") : say("{0} sections, the best first", count);
      if (count && !onPage) status.textContent += say("; Enter lists more");
    }

    let waiting;
    input.addEventListener("focus", () => load().catch(() => {}), { once: true });
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(search, 60);
    });
    // The list is reached by arrow keys as well as by Tab; Enter follows a link by itself.
    form.parentElement.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const stops = [input, ...list.querySelectorAll("a")];
      const at = stops.indexOf(document.activeElement);
      if (!step || at < 0 || !stops[at + step]) return;
      event.preventDefault();
      stops[at + step].focus();
    });
    // A result on the same page closes the dialog, or it would cover what was found.
    list.addEventListener("click", () => form.closest("dialog")?.close());

    if (!onPage) return;
    input.value = new URLSearchParams(location.search).get("q") ?? "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      search();
    });
    input.addEventListener("input", () => {
      history.replaceState(null, "", `?${new URLSearchParams({ q: input.value })}`);
    });
    if (!input.value) input.focus();
    search();
  }

  document.querySelectorAll("form.bd-search").forEach(attach);
})();
