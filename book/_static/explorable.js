// Turns the output of a cell tagged `explorable` into one tile that controls choose.
//
// The cell prints a line for every combination, such as `kernel=3 stride=2: 4 × 4`, and shows one
// figure, a grid of equal tiles in the same order (or none, then the lines alone are chosen from).
// The grid has as many columns as the last name has values, unless the cell says otherwise (a class,
// a tag `columns-4`). Without this file, and on paper, lines and figure stand as they are.
// Needs element.js.

/** [{line, values: {name: value}, index}], or null where a line has another form. */
function collectCombinations(text) {
  const lines = text.split("\n").filter((line) => line.trim());
  const found = lines.map((line, index) => {
    const match = line.match(/^((?:[^\s=:]+=\S+ )*[^\s=:]+=[^\s]+):(?: |$)/);
    if (!match) return null;
    const pairs = match[1].split(" ").map((pair) => [
      pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1),
    ]);
    return { line, index, values: Object.fromEntries(pairs) };
  });
  return found.length > 1 && !found.includes(null) ? found : null;
}

/** A row of choices for one name: radio buttons, which have the keyboard built in. */
function buildControl(name, values, group) {
  const choices = values.map((value) => element(
    "label", { class: "explorable-choice" },
    element("input", { type: "radio", name: `${group}-${name}`, value }),
    element("span", {}, value),
  ));
  return element(
    "fieldset", { class: "explorable-control" },
    element("legend", {}, name), element("div", { class: "explorable-choices" }, ...choices),
  );
}

function buildExplorable(output, number) {
  const image = output.querySelector("img");
  const text = [...output.children].filter((part) => !part.contains(image)).map((part) => part.textContent);
  const combinations = collectCombinations(text.join("\n"));
  if (!combinations) return;
  const names = Object.keys(combinations[0].values);
  const valuesOf = (name) => [...new Set(combinations.map(({ values }) => values[name]))];

  const id = `explorable-${number}`;
  const controls = names.map((name) => buildControl(name, valuesOf(name), id));
  const caption = element("figcaption", { id: `${id}-line`, "aria-live": "polite" });
  const figure = element("figure", { class: "explorable-figure" }, caption);
  let tile = null;
  const said = output.closest(".cell").className.match(/columns-(\d+)/);
  const columns = said ? Number(said[1]) : valuesOf(names.at(-1)).length;
  const rows = Math.ceil(combinations.length / columns);
  if (image) {
    // The caption is the tile's text alternative.
    tile = element("div", { class: "explorable-tile", role: "img", "aria-labelledby": caption.id });
    const grid = image.cloneNode();
    grid.alt = "";
    grid.removeAttribute("style");
    tile.append(grid);
    grid.loading = "eager";
    grid.addEventListener("load", () => show(current));
    figure.prepend(tile);
  }

  function showTile(row, column) {
    const grid = tile.firstChild;
    if (!grid.naturalWidth) return; // once it has loaded
    const [width, height] = [grid.naturalWidth / columns, grid.naturalHeight / rows];
    tile.style.aspectRatio = `${width} / ${height}`;
    tile.style.maxWidth = `${Math.max((2 * drawnWidth(grid)) / columns, 320)}px`;
    grid.style.width = `${100 * columns}%`;
    grid.style.transform = `translate(${(-100 * column) / columns}%, ${(-100 * row) / rows}%)`;
  }

  function show({ line, index, values }) {
    for (const control of controls.flatMap((c) => [...c.querySelectorAll("input")])) {
      control.checked = values[control.name.slice(id.length + 1)] === control.value;
    }
    caption.textContent = line;
    if (tile) showTile(Math.floor(index / columns), index % columns);
  }

  /** The combination with the value just chosen that keeps most of the others. */
  function nearest(name, value, before) {
    const agreement = ({ values }) => names.filter((n) => values[n] === before[n]).length;
    return combinations.filter(({ values }) => values[name] === value)
      .reduce((best, other) => (agreement(other) > agreement(best) ? other : best));
  }

  let current = combinations[0];
  const box = element(
    "div", { class: "explorable", role: "group", "aria-label": say("Try {0}", names.join(say(" and "))) },
    element("div", { class: "explorable-controls" }, ...controls), figure,
  );
  box.addEventListener("change", ({ target }) => {
    current = nearest(target.name.slice(id.length + 1), target.value, current.values);
    show(current);
  });
  const all = element(
    "details", { class: "explorable-all" },
    element("summary", {}, say("All {0} side by side", combinations.length)), ...output.childNodes,
  );
  output.append(box, all);
  show(current);
}

document.querySelectorAll(".cell.tag_explorable .cell_output").forEach(buildExplorable);
