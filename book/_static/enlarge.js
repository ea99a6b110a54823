// A figure that the window shows smaller than it is can be enlarged, by a tap or a key.
// Needs element.js.

function buildEnlarger() {
  const images = [...document.querySelectorAll("article .cell_output img")]
    .filter((image) => !image.closest(".explorable-tile"));
  if (!images.length) return;
  const close = element("button", { type: "button", class: "enlarged-close" }, say("Close"));
  const room = element("div", { class: "enlarged-room", tabindex: "0", role: "group", "aria-label": say("The figure, which scrolls") });
  const dialog = element("dialog", { class: "enlarged", "aria-label": say("Figure, enlarged") }, close, room);
  document.body.append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => { if (target === room) dialog.close(); });

  for (const image of images) {
    const button = element("button", { type: "button", class: "enlarge" }, say("Enlarge"));
    image.after(button);
    function open() {
      const copy = image.cloneNode();
      copy.removeAttribute("style");
      copy.loading = "eager";
      // On a phone twice the width of the window: enough to read, and one can still find one's way.
      copy.style.width = `${Math.max(image.naturalWidth, 2 * image.clientWidth)}px`;
      room.className = `enlarged-room ${image.closest(".tag_photo") ? "tag_photo" : ""}`;
      room.replaceChildren(copy);
      dialog.showModal();
    }
    button.addEventListener("click", open);
    image.addEventListener("click", () => { if (button.offsetParent) open(); });
    function compare() {
      const holder = image.parentElement;
      holder.classList.toggle("is-shrunk", image.clientWidth > 0 && image.clientWidth < 0.9 * drawnWidth(image));
    }
    new ResizeObserver(compare).observe(image);
    image.addEventListener("load", compare);
  }
}

buildEnlarger();
