"""The built site in a real browser: what a reader meets, by mouse, by keyboard and by ear."""

import re
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect
from site_fixtures import Site

PHONE = {"width": 390, "height": 844}
MATH_IS_READY = "() => window.MathJax?.startup?.promise"
FONTS_ARE_READY = "() => document.fonts.ready.then(() => true)"

# How the HTML of a page gives away what it contains.
MATH = 'class="math'
FOLDED = '<details class="admonition hide'
STEPPER = "tag_stepper"
CHAPTER = "_sources/notebooks/"

UNRENDERED_MATH = r"""() => {
    const formulas = [...document.querySelectorAll("article .math")];
    const bad = formulas.filter(f => !f.querySelector("mjx-container")
                                     || f.querySelector("mjx-merror"));
    const prose = document.querySelector("article")?.cloneNode(true);
    prose?.querySelectorAll("pre, code, script, .math").forEach(e => e.remove());
    const raw = prose?.textContent.match(/\$[^$\n]+\$|\\\(|\\\[|\\begin\{/g) ?? [];
    return [...bad.map(f => f.textContent.trim()), ...raw];
}"""

# What sticks out of the window and cannot be scrolled to inside a box of its own.
TOO_WIDE = """() => {
    document.querySelectorAll("details").forEach(d => d.open = true);
    const width = document.scrollingElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= width) return [];
    const scrolls = e => e && (getComputedStyle(e).overflowX !== "visible"
                               || scrolls(e.parentElement));
    return [...document.querySelectorAll("main *")]
        .filter(e => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement))
        .map(e => e.outerHTML.slice(0, 120)).concat("the page").slice(0, 5);
}"""

# Ornaments, and what its surroundings already tell, are silent.
IMAGES_WITHOUT_ALT = """() => [...document.querySelectorAll("article img")]
    .filter(i => !i.alt.trim() && !i.closest(".part-picture, [role=img]"))
    .map(i => i.outerHTML.slice(0, 120))"""

# Text against the nearest opaque background, as the accessibility guidelines measure it.
LOW_CONTRAST = """() => {
    const parse = color => color.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const opaque = color => color.length < 4 || color[3] === 1;
    const background = e => {
        for (; e; e = e.parentElement) {
            const color = parse(getComputedStyle(e).backgroundColor);
            if (opaque(color)) return color;
        }
        return [255, 255, 255];
    };
    const hasText = e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    return [...document.querySelectorAll("article *")]
        .filter(e => hasText(e) && e.checkVisibility({visibilityProperty: true})
                     && !e.closest("[aria-disabled=true]"))
        .map(e => {
            const [a, b] = [light(parse(getComputedStyle(e).color)), light(background(e))];
            return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 120)];
        })
        .filter(([ratio]) => ratio < 4.5)
        .map(([ratio, html]) => ratio.toFixed(2) + ": " + html);
}"""


@dataclass
class Visit:
    """What was noticed when a page was opened on a phone."""

    page: str
    problems: list[str] = field(default_factory=list)
    unrendered_math: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)
    images_without_alt: list[str] = field(default_factory=list)


def watch(page: Page, address: str) -> list[str]:
    """Collect errors, failed requests and requests to other hosts."""
    problems: list[str] = []

    def is_foreign(url: str) -> bool:
        return not url.startswith((address + "/", "data:", "blob:"))

    page.on("console", lambda m: problems.append(f"console: {m.text}") if m.type == "error" else 0)
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("requestfailed", lambda request: problems.append(f"request failed: {request.url}"))
    page.on("response", lambda r: problems.append(f"{r.status}: {r.url}") if r.status >= 400 else 0)
    page.on(
        "request", lambda r: problems.append(f"other host: {r.url}") if is_foreign(r.url) else 0
    )
    return problems


def report(visits: list[Visit], aspect: str) -> str:
    return "\n".join(f"{v.page}: {thing}" for v in visits for thing in getattr(v, aspect))


@pytest.fixture(scope="module")
def visits(site: Site, browser: Browser) -> list[Visit]:
    """Every page of the site, opened once."""
    found = []
    context = browser.new_context(viewport=PHONE)
    for name in site.pages():
        page = context.new_page()
        visit = Visit(name, problems=watch(page, site.address))
        page.goto(f"{site.address}/{name}", wait_until="load")
        if name == "index.html":
            page.wait_for_url("**/book/index.html")  # the front door leads to the first page
        page.evaluate(MATH_IS_READY)
        page.evaluate(FONTS_ARE_READY)
        visit.unrendered_math = page.evaluate(UNRENDERED_MATH)
        visit.images_without_alt = page.evaluate(IMAGES_WITHOUT_ALT)
        visit.too_wide = page.evaluate(TOO_WIDE)
        page.close()
        found.append(visit)
    context.close()
    return found


# ---- Every page -------------------------------------------------------------------------


def test_every_page_opens_without_an_error_or_another_host(visits: list[Visit]) -> None:
    assert not report(visits, "problems"), report(visits, "problems")


def test_all_math_is_rendered(visits: list[Visit]) -> None:
    assert not report(visits, "unrendered_math"), report(visits, "unrendered_math")


def test_no_page_is_wider_than_a_phone(visits: list[Visit]) -> None:
    assert not report(visits, "too_wide"), report(visits, "too_wide")


def test_every_image_has_a_text_alternative(visits: list[Visit]) -> None:
    assert not report(visits, "images_without_alt"), report(visits, "images_without_alt")


def test_the_sample_really_has_math_in_it(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/{sample.first_page(MATH)}")
    page.evaluate(MATH_IS_READY)
    assert page.locator("article mjx-container").count() == 3  # inline, displayed, in a caption


# ---- Reading ----------------------------------------------------------------------------


def test_a_folded_cell_opens_by_mouse_and_by_keyboard(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/{site.first_page(FOLDED)}")
    folded = page.locator("details.hide").first
    summary, content = folded.locator("summary"), folded.locator("> :not(summary)").first
    expect(content).to_be_hidden()
    expect(summary).to_have_text(re.compile("Show the"), use_inner_text=True)
    summary.click()
    expect(content).to_be_visible()
    expect(summary).to_have_text(re.compile("Hide the"), use_inner_text=True)
    summary.press("Enter")
    expect(content).to_be_hidden()
    summary.press("Space")
    expect(content).to_be_visible()


def test_folded_cells_say_what_they_hide(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    # Not the inner texts: what is far down is laid out a moment after the first paint.
    labels = page.locator("details.hide summary .collapsed").all_text_contents()
    parts = ["output", "code", "solution", "wrong answer"]
    assert labels == [f"Show the {part}" for part in parts]


def test_contents_open_the_section_that_is_read(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    subsection = page.locator(".bd-sidebar-secondary a[href='#solution-1']")
    expect(subsection).to_be_hidden()
    page.goto(f"{sample.address}/notebooks/00_sample.html#solution-1")
    expect(subsection).to_be_visible()


def test_search_leads_to_a_chapter_that_has_the_word(site: Site, page: Page) -> None:
    chapter = site.first_page(CHAPTER)
    page.goto(f"{site.address}/{chapter}")
    headings = " ".join(page.locator("article h2").all_text_contents())
    word = max(re.findall(r"[A-Za-z]+", headings), key=len)
    page.keyboard.press("Control+k")
    page.locator("input[type=search]:visible").first.fill(word)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    result = page.locator(f".search-list a[href*='{chapter}']").first
    result.wait_for()
    result.click()
    page.wait_for_url(f"**/{chapter}*")
    expect(page.locator("article")).to_contain_text(word)


def test_dark_mode_darkens_the_page(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/book/index.html")
    html, switch = page.locator("html"), page.locator("button.theme-switch-button:visible").first
    brightness = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    for _ in range(3):  # the switch goes round: as the system, light, dark
        if html.get_attribute("data-theme") == "light" and page.evaluate(brightness)[0] > 200:
            break
        switch.click()
    assert min(page.evaluate(brightness)) > 200, "the light page is not light"
    for _ in range(3):
        if html.get_attribute("data-theme") == "dark":
            break
        switch.click()
    expect(html).to_have_attribute("data-theme", "dark")
    assert max(page.evaluate(brightness)) < 60, "the dark page is not dark"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(scheme: str, sample: Site, browser: Browser) -> None:
    page = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{sample.address}/notebooks/00_sample.html", wait_until="networkidle")
    page.evaluate("() => document.querySelectorAll('details').forEach(d => d.open = true)")
    found = page.evaluate(LOW_CONTRAST)
    page.close()
    assert not found, f"contrast below 4.5 in {scheme}:\n" + "\n".join(found)


def test_callouts_differ_from_quotations(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    colors = [
        page.locator(f"blockquote.callout-{kind}").evaluate(
            "e => getComputedStyle(e).borderLeftColor"
        )
        for kind in ("watch-out", "not-run-here")
    ]
    assert len(set(colors)) == 2, f"both callouts have the bar {colors[0]}"


# ---- Steppers ---------------------------------------------------------------------------


def visible_captions(page: Page) -> list[str]:
    """The captions on the page's first stepper that can be seen."""
    captions = page.locator(".stepper").first.locator(".stepper-caption")
    return [caption.inner_text() for caption in captions.all() if caption.is_visible()]


def test_a_stepper_shows_one_step_and_moves_by_mouse(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/{site.first_page(STEPPER)}")
    stepper = page.get_by_role("group", name=re.compile(r"Figure in \d+ steps")).first
    first = visible_captions(page)
    assert len(first) == 1, f"visible at once: {first}"
    stepper.get_by_role("button", name="Next step").click()
    second = visible_captions(page)
    assert len(second) == 1
    assert second != first
    assert stepper.locator("[aria-live=polite]").inner_text() == second[0]
    assert "step 2 of" in stepper.locator(".stepper-count").inner_text()
    stepper.get_by_role("button", name="Previous step").click()
    assert visible_captions(page) == first


def test_a_stepper_moves_by_keyboard(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/{site.first_page(STEPPER)}")
    stepper = page.locator(".stepper").first
    slider = stepper.get_by_role("slider", name="Step")
    total = int(slider.get_attribute("max"))

    def expect_step(step: int) -> None:
        expect(slider).to_have_attribute("aria-valuetext", f"step {step} of {total}")
        expect(slider).to_have_value(str(step))

    expect_step(1)
    slider.press("ArrowRight")
    expect_step(2)
    slider.press("End")
    expect_step(total)
    following = stepper.get_by_role("button", name="Next step")
    following.press("Enter")  # at the end it stays, and keeps the focus
    expect_step(total)
    expect(following).to_be_focused()
    expect(following).to_have_attribute("aria-disabled", "true")
    following.press("ArrowLeft")
    expect_step(total - 1)
    assert following.evaluate("e => getComputedStyle(e).outlineStyle") == "solid", "focus is hidden"


def test_the_page_does_not_jump_when_a_stepper_steps(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/{site.first_page(STEPPER)}", wait_until="networkidle")
    stepper = page.locator(".stepper").first
    heights = set()
    for _ in range(stepper.locator(".stepper-step").count()):
        heights.add(stepper.bounding_box()["height"])
        stepper.get_by_role("slider").press("ArrowRight")
    assert len(heights) == 1, f"heights of the stepper: {heights}"


def test_steppers_of_one_page_are_independent(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    page.get_by_role("button", name="Next step").nth(1).click()
    counts = page.locator(".stepper-count").all_text_contents()
    assert counts == ["step 1 of 3", "step 2 of 2"]


def test_all_steps_show_on_paper(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    page.emulate_media(media="print")
    assert visible_captions(page) == [f"First stepper, picture {n}." for n in (1, 2, 3)]
    expect(page.locator(".stepper-controls").first).to_be_hidden()


def test_all_steps_show_without_javascript(sample: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    output = page.locator(f".{STEPPER} .cell_output").first
    assert [image.is_visible() for image in output.locator("img").all()] == [True] * 3
    assert "First stepper, picture 3." in (output.text_content() or "")
    context.close()


@pytest.mark.parametrize(("motion", "fade"), [("reduce", "0s"), ("no-preference", "0.12s")])
def test_a_reader_who_wants_no_motion_gets_none(
    motion: str, fade: str, sample: Site, browser: Browser
) -> None:
    page = browser.new_page(reduced_motion=motion)
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    step = page.locator(".stepper-current").first
    assert step.evaluate("e => getComputedStyle(e).transitionDuration") == fade
    page.close()
