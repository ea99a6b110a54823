// Where one is in a page, and lines of code that wrap. Needs element.js.

// ---- The contents list marks the section that is being read; a thin bar tells how far one is ----

const readingLine = 0.3; // of the window's height: what has passed it is being read

function followTheReader() {
  const article = document.querySelector("article.bd-article");
  const links = [...document.querySelectorAll("#pst-page-toc-nav a[href^='#']")];
  const sections = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const bar = document.createElement("div");
  bar.className = "reading-progress";
  bar.setAttribute("aria-hidden", "true");
  if (document.querySelector(".chapter-facts")) document.body.prepend(bar);
  // The theme's own marking leaves gaps between the sections.
  document.body.removeAttribute("data-bs-spy");

  let marked = null;
  function mark(link) {
    if (link === marked) return;
    marked = link;
    for (const other of links) {
      const current = other === link;
      other.classList.toggle("active", current || other.closest("li").contains(link));
      other.toggleAttribute("aria-current", current);
      if (current) other.setAttribute("aria-current", "location");
    }
    const list = link.closest(".bd-sidebar-secondary, dialog");
    const [box, place] = [list.getBoundingClientRect(), link.getBoundingClientRect()];
    if (place.top < box.top + 60 || place.bottom > Math.min(box.bottom, innerHeight) - 60) {
      list.scrollTop += place.top - box.top - box.height / 2;
    }
  }

  function update() {
    waiting = false;
    const height = document.documentElement.scrollHeight - innerHeight;
    bar.style.setProperty("--read", height > 0 ? Math.min(scrollY / height, 1) : 1);
    if (!links.length) return;
    const line = innerHeight * readingLine;
    const passed = sections.filter((section) => section?.getBoundingClientRect().top <= line);
    // At the end the last section is read, or the one that a link led to, however short it is.
    const led = links.findIndex((link) => link.hash === location.hash);
    const ledTo = led >= 0 && sections[led].getBoundingClientRect().top >= 0 ? led : links.length - 1;
    const atTheEnd = height > 0 && scrollY >= height - 2;
    mark(links[atTheEnd ? ledTo : Math.max(passed.length - 1, 0)]);
  }

  let waiting = false;
  function soon() {
    if (!waiting) requestAnimationFrame(update);
    waiting = true;
  }
  addEventListener("scroll", soon, { passive: true });
  if (article) new ResizeObserver(soon).observe(article); // a part that unfolds moves the rest
  update();
}

// ---- A switch that wraps long code, for all cells at once ----------------------------------------

/** Whether lines are longer than the window is wide, wrapped or not. */
function hasLongLines(pre) {
  const style = getComputedStyle(pre);
  const lines = pre.textContent.trimEnd().split("\n").length;
  const height = lines * parseFloat(style.lineHeight) + parseFloat(style.paddingTop)
    + parseFloat(style.paddingBottom);
  return pre.scrollWidth > pre.clientWidth + 1
    || (pre.clientWidth > 0 && style.whiteSpace === "pre-wrap" && pre.clientHeight > height + 4);
}

function offerToWrap() {
  const root = document.documentElement;
  const codes = [...document.querySelectorAll(".cell_input, article section > [class*='highlight-']")];
  const buttons = [];
  function set(wraps) {
    root.classList.toggle("wraps-code", wraps);
    buttons.forEach((button) => button.setAttribute("aria-pressed", wraps));
    try { localStorage.setItem("wraps-code", wraps); } catch { /* a browser may refuse to keep it */ }
  }
  for (const code of codes) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "wrap-switch", textContent: say("wrap lines") });
    button.addEventListener("click", () => set(!root.classList.contains("wraps-code")));
    buttons.push(button);
    code.append(button);
    const pre = code.querySelector("pre");
    new ResizeObserver(() => {
      if (hasLongLines(pre)) code.classList.add("has-long-lines");
    }).observe(pre);
  }
  let kept = null;
  try { kept = localStorage.getItem("wraps-code"); } catch { /* as above */ }
  set(kept === "true");
}

followTheReader();
offerToWrap();
