// Finds sections of the book: what counts as a word, and which section comes first.
// Loaded by search.js when a reader begins to search, after minisearch.js and search-index.js.

globalThis.bookSearch = (() => {
  const WORD = /[\p{L}\p{N}_]+(?:\.[\p{L}_][\p{L}\p{N}_]*)*/gu;
  const PART = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{N}]+|\p{L}+/gu; // cross_entropy, CrossEntropy
  const EXCEPTION = /\b(?:\w+\.)*\w*(?:Error|Exception|Warning):/g;
  const ASIDE = /^(summary|exercises?|solutions?|where-next)\b/;
  const { pages, cased, sections } = globalThis.bookIndex;
  const twoCases = new Set(cased);
  const known = new Set();

  /** A word, and what else it can be found by: torch.nn.CrossEntropyLoss -> cross, entropy, ... */
  function* forms(word) {
    for (const name of new Set([word, ...word.split(".")])) {
      const small = name.toLowerCase();
      yield small;
      if (twoCases.has(small)) yield `=${name}`; // Tensor is not tensor
      const parts = name.match(PART) ?? [];
      if (parts.length > 1 || parts[0] !== name) {
        for (const part of parts) if (part.toLowerCase() !== small) yield part.toLowerCase();
      }
    }
  }

  const words = (text) => (text.match(WORD) ?? []).filter((word) => /\p{L}/u.test(word));
  const terms = (text) => words(text).flatMap((word) => [...new Set(forms(word))]);
  const plain = (text) => words(text).join(" ");

  function above(section) {
    const titles = [];
    for (let at = sections[section][3]; at >= 0; at = sections[at][3]) {
      titles.unshift(sections[at][2]);
    }
    return titles;
  }

  const engine = new MiniSearch({
    fields: ["title", "also", "above", "text"],
    tokenize: terms,
    processTerm: (term) => (known.add(term), term), // terms() has done the rest
    searchOptions: { processTerm: (term) => term },
  });
  engine.addAll(sections.map(([, , title, , text, also], id) => (
    { id, title, also, above: above(id).join(" "), text }
  )));
  // By their anchors, which are the same in every language.
  const aside = [];
  sections.forEach(([, anchor, , parent], id) => { aside[id] = ASIDE.test(anchor) || Boolean(aside[parent]); });

  /** The query without what differs from one reader's program to another's. */
  function clean(query) {
    const kept = query.replace(/[‘’]/g, "'").replace(EXCEPTION, " ").replace(/torch\.Size\(.*?\)/g, " ");
    return words(kept).length ? kept : query;
  }

  const squeeze = (text) => text.replace(/[‘’]/g, "'").replace(/\s+/g, " ").trim();
  const read = new Map(); // what a section says, whole and in bare words, kept once it was asked for
  function reading(id) {
    if (!read.has(id)) {
      const text = squeeze(sections[id][4]);
      read.set(id, { text, words: ` ${plain(text).toLowerCase()} ` });
    }
    return read.get(id);
  }

  /** How much more a section is worth that says the query literally, in its title or its text. */
  function literalness(id, query, bare) {
    const title = sections[id][2];
    const bareTitle = plain(title);
    if (squeeze(title) === query) return 1000;
    if (bareTitle === bare) return 500;
    if (bareTitle.toLowerCase() === bare.toLowerCase()) return 200;
    if (query.length < 12 || !query.includes(" ")) return 1;
    if (reading(id).text.includes(query)) return 100;
    const long = bare.split(" ").length > 3;
    return long && reading(id).words.includes(` ${bare.toLowerCase()} `) ? 10 : 1;
  }

  /** Sections in the order in which they answer: {url, title, place, text, terms}. */
  function find(query, limit = 20) {
    const cleaned = clean(query);
    const bare = plain(cleaned);
    const last = bare.split(" ").at(-1).toLowerCase();
    const found = engine.search(cleaned, {
      combineWith: "OR",
      boost: { title: 3, also: 2, above: 0.5, text: 1 },
      boostTerm: (term) => (term.startsWith("=") ? 0.5 : 1),
      boostDocument: (id) => (aside[id] ? 0.4 : 1),
      prefix: (term) => term === last && term.length > 2,
      fuzzy: (term) => (known.has(term) || term.length < 4 ? false : 0.25),
      weights: { fuzzy: 0.5, prefix: 0.4 },
    });
    const whole = squeeze(query);
    for (const result of found) result.score *= literalness(result.id, whole, bare);
    found.sort((a, b) => b.score - a.score || a.id - b.id);
    return found.slice(0, limit).map(({ id, score, terms: matched }) => {
      const [page, anchor, title, , text] = sections[id];
      const url = pages[page] + (anchor && `#${anchor}`);
      return { url, title, place: above(id), text, score, terms: matched };
    });
  }

  return { find, terms };
})();
