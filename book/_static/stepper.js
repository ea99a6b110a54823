// Turns the output of a cell tagged `stepper` (a printed line, a figure, a line, a figure, ...)
// into one figure with a slider, two buttons, arrow keys and swipes. Without this file, and on paper,
// the steps stand one after another, so nothing is lost.
// Needs element.js.

/** The steps in the order in which they were printed: {line, image}. */
function collectSteps(output) {
  const steps = [];
  let lines = [];
  for (const part of output.children) {
    const image = part.matches("img") ? part : part.querySelector("img");
    if (!image) {
      lines.push(part.textContent.trim());
    } else {
      steps.push({ line: lines.join(" "), image });
      lines = [];
    }
  }
  return steps;
}

function buildStepper(output, number) {
  const steps = collectSteps(output);
  if (steps.length < 2) return;

  // The line is spoken by the live region; whoever listens need not hear the caption as well.
  const figures = steps.map(({ line, image }) => element(
    "div", { class: "stepper-step" },
    image, element("p", { class: "stepper-caption", "aria-hidden": "true" }, line),
  ));
  // The steps lie on top of each other, so the tallest one reserves the room for all.
  const stage = element("div", { class: "stepper-stage", id: `stepper-${number}` }, ...figures);
  const controls = { type: "button", class: "stepper-button", "aria-controls": stage.id };
  const previous = element("button", { ...controls, "aria-label": say("Previous step") }, "‹");
  const next = element("button", { ...controls, "aria-label": say("Next step") }, "›");
  const slider = element("input", {
    type: "range", min: 1, max: steps.length, step: 1, value: 1,
    class: "stepper-slider", "aria-label": say("Step"), "aria-controls": stage.id,
  });
  const count = element("span", { class: "stepper-count", "aria-hidden": "true" });
  const spoken = element("p", { class: "stepper-spoken", "aria-live": "polite" }, steps[0].line);
  const group = element(
    "div",
    { class: "stepper", role: "group", "aria-label": say("Figure in {0} steps", steps.length) },
    stage,
    element("div", { class: "stepper-controls" }, previous, slider, next, count),
    spoken,
  );

  let current = 0;
  function show(step) {
    current = Math.min(Math.max(step, 0), steps.length - 1);
    const place = say("step {0} of {1}", current + 1, steps.length);
    figures.forEach((figure, i) => figure.classList.toggle("stepper-current", i === current));
    slider.value = current + 1;
    slider.setAttribute("aria-valuetext", place);
    count.textContent = place;
    // Not `disabled`: a button that turns itself off under the finger drops the keyboard focus.
    previous.setAttribute("aria-disabled", current === 0);
    next.setAttribute("aria-disabled", current === steps.length - 1);
    if (spoken.textContent !== steps[current].line) spoken.textContent = steps[current].line;
  }

  previous.addEventListener("click", () => show(current - 1));
  next.addEventListener("click", () => show(current + 1));
  slider.addEventListener("input", () => show(slider.value - 1));
  group.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move || event.target === slider || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // the slider moves by itself
    show(current + move);
  });

  // A swipe: sideways, and further than a tap trembles.
  let touched = null;
  stage.addEventListener("touchstart", ({ touches }) => {
    touched = touches.length === 1 ? touches[0] : null; // two fingers enlarge
  }, { passive: true });
  stage.addEventListener("touchend", ({ changedTouches: [end] }) => {
    if (!touched) return;
    const [x, y] = [end.clientX - touched.clientX, end.clientY - touched.clientY];
    if (Math.abs(x) > 40 && Math.abs(x) > 2 * Math.abs(y)) show(current - Math.sign(x));
    touched = null;
  });

  // What was printed after the last figure belongs to no step and stays below the stepper.
  for (const part of [...output.children]) {
    part.remove();
    if (part.contains(steps.at(-1).image)) break;
  }
  output.prepend(group);
  show(0);
}

document.querySelectorAll(".cell.tag_stepper .cell_output").forEach(buildStepper);
