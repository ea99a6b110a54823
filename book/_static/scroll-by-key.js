// What is wider than its box scrolls inside it, and whoever has no mouse must reach it: it takes
// the focus while it is too wide. Looked at when the page is there, when its width changes, and
// when a folded part opens.

(() => {
  const BOXES = "pre, div.math, mjx-container, .output.text_html, .pst-scrollable-table-container";

  function look(root) {
    const boxes = [...root.querySelectorAll(BOXES)];
    const wide = boxes.map((box) => box.scrollWidth > box.clientWidth); // read all, then write
    boxes.forEach((box, i) => {
      if (wide[i]) box.tabIndex = 0;
      else if (box.tabIndex === 0) box.removeAttribute("tabindex");
    });
  }

  let waiting;
  function lookSoon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => look(document), 100);
  }

  addEventListener("load", async () => {
    await globalThis.MathJax?.startup?.promise;
    lookSoon();
  });
  addEventListener("resize", lookSoon);
  document.addEventListener("toggle", ({ target }) => target.open && look(target), true);
})();
