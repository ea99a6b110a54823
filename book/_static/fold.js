// Folded parts (<details>) open for whoever is led into them: by a link, by the search, and on
// paper. A search inside the page opens them by itself, and so does a click or a key.

/** Open whatever hides `target`, the fold of a section that is itself the target included. */
function unfold(target) {
  const own = target.querySelector(":scope > details");
  if (own) own.open = true;
  for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) {
    part.open = true;
  }
}

function openWhereTheAddressLeads() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  unfold(target);
  target.scrollIntoView();
}

window.addEventListener("hashchange", openWhereTheAddressLeads);
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  // A link to where one is already changes no address, and the part may be folded again.
  if (link && link.hash === location.hash) openWhereTheAddressLeads();
});
if (location.hash) openWhereTheAddressLeads();

let openedForPaper = [];
window.addEventListener("beforeprint", () => {
  openedForPaper = [...document.querySelectorAll("article details:not([open])")];
  openedForPaper.forEach((part) => (part.open = true));
});
window.addEventListener("afterprint", () => openedForPaper.forEach((part) => (part.open = false)));
