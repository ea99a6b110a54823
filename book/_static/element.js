// Shared by the scripts: words in the language of the book, elements with attributes and children.

/** A text of the scripts in the book's language (`words.js`), {0}, {1}, ... filled in. */
function say(text, ...values) {
  const said = globalThis.bookWords?.[text] ?? text;
  return said.replace(/\{(\d)\}/g, (_, number) => values[number]);
}

/** How wide an image was drawn: it may have more pixels, for dense screens. */
function drawnWidth(image) {
  return Number(image.getAttribute("width")) || image.naturalWidth;
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
