"""How a page reads: cells, folds, figures, explorables, the first page, and all of it on paper.

Looked at in the sample book, which has every device, at the widths of a phone and of a desk.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from site_fixtures import ROOT, Site

from tools import pdf

PHONE = {"width": 390, "height": 844}
CHAPTER = "notebooks/00_sample.html"
FOLD = "section#details-of-stripes"
IS_SHOWN = "e => e.checkVisibility({visibilityProperty: true})"


@pytest.fixture
def chapter(sample: Site, page: Page) -> Page:
    page.goto(f"{sample.address}/{CHAPTER}")
    return page


@pytest.fixture
def phone(sample: Site, browser: Browser) -> Iterator[Page]:
    """The chapter on a phone that is touched."""
    page = browser.new_page(viewport=PHONE, reduced_motion="reduce", has_touch=True)
    page.set_default_timeout(10_000)
    page.goto(f"{sample.address}/{CHAPTER}")
    yield page
    page.close()


def style(element: Locator, name: str) -> str:
    return element.evaluate("(e, name) => getComputedStyle(e)[name]", name)


# ---- Cells and text -------------------------------------------------------------------------


def test_an_output_is_joined_below_its_code(chapter: Page) -> None:
    cell = chapter.locator(".cell:has(.cell_output .stream)").first
    code = cell.locator(".cell_input").bounding_box()
    output = cell.locator(".cell_output").bounding_box()
    assert output["y"] - (code["y"] + code["height"]) == pytest.approx(0, abs=1.5)
    assert (output["x"], output["width"]) == (code["x"], code["width"])


def test_text_has_the_size_and_width_that_reads_well(chapter: Page) -> None:
    text = chapter.locator("article section > p").last
    assert style(text, "fontSize") == "17px"
    assert text.bounding_box()["width"] <= 43 * 16
    code = chapter.locator(".cell_input pre").first
    ratio = float(style(code, "lineHeight")[:-2]) / float(style(code, "fontSize")[:-2])
    assert ratio == pytest.approx(1.55, abs=0.01)
    assert style(chapter.locator("figcaption p, figcaption span").first, "fontWeight") == "400"


def test_a_cell_has_an_address_that_stays(chapter: Page) -> None:
    cell = chapter.locator("#cell-a-photograph")
    link = cell.get_by_role("link", name="Link to this cell")
    expect(link).to_have_attribute("href", "#cell-a-photograph")
    link.focus()
    assert style(link, "opacity") == "1", "the link is hidden from the keyboard"
    link.press("Enter")
    assert chapter.url.endswith("#cell-a-photograph")
    ids = chapter.locator("article .cell").evaluate_all("cells => cells.map(c => c.id)")
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("cell-") for name in ids)


def test_only_code_has_copy_buttons(chapter: Page) -> None:
    expect(chapter.locator(".cell_input .copybtn").first).to_be_attached()
    assert chapter.locator(".cell_output .copybtn").count() == 0


def test_a_callout_says_that_it_is_a_note(chapter: Page) -> None:
    expect(chapter.get_by_role("note", name="Watch out")).to_be_visible()


def test_the_focus_is_seen_in_the_books_own_color(chapter: Page) -> None:
    accent = chapter.evaluate(
        "() => getComputedStyle(document.documentElement).getPropertyValue('--book-accent')"
    ).strip()
    for _ in range(12):
        chapter.keyboard.press("Tab")
        width, color = chapter.evaluate(
            "() => { const s = getComputedStyle(document.activeElement);"
            " return [s.outlineWidth, s.outlineColor]; }"
        )
        red, green, blue = (int(accent[i : i + 2], 16) for i in (1, 3, 5))
        assert float(width[:-2]) >= 2
        assert color == f"rgb({red}, {green}, {blue})"


def test_a_switch_wraps_long_code_and_is_remembered(chapter: Page) -> None:
    code = chapter.locator(".cell_input pre", has_text="a long comment")
    fits = "e => e.scrollWidth <= e.clientWidth + 1"
    assert not code.evaluate(fits)
    switch = chapter.get_by_role("button", name="wrap lines")
    expect(switch).to_be_visible()
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert code.evaluate(fits)
    chapter.reload()
    assert code.evaluate(fits), "the choice is forgotten"
    switch.click()
    assert not code.evaluate(fits)


def test_on_a_phone_text_wraps_and_tables_of_numbers_do_not(phone: Page) -> None:
    wide = "e => e.scrollWidth > e.clientWidth + 1"
    outputs = phone.locator(".cell_output .stream pre")
    assert not outputs.filter(has_text="0123456789").evaluate(wide)
    assert outputs.filter(has_text="13.5").evaluate(wide)


def test_on_a_phone_a_row_is_a_card_with_every_column(phone: Page) -> None:
    cells = phone.locator("article table td[data-label]")
    labels = cells.evaluate_all(
        "cells => cells.map(c => getComputedStyle(c, '::before').content.slice(1, -1))"
    )
    assert labels == [f"torch.nn.functional.column_{i}" for i in range(6)]
    boxes = [cell.bounding_box() for cell in cells.all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] for box in boxes)
    assert len({box["y"] for box in boxes}) == 6, "columns stand side by side"


# ---- Folded sections ------------------------------------------------------------------------


def test_details_are_folded_and_open_by_mouse_and_keyboard(chapter: Page) -> None:
    summary = chapter.locator(f"{FOLD} summary").first
    content = chapter.get_by_text("A folded sentence about quaggas.")
    expect(summary.get_by_role("heading", name="Details of stripes")).to_be_visible()
    expect(content).to_be_hidden()
    summary.click()
    expect(content).to_be_visible()
    summary.press("Enter")
    expect(content).to_be_hidden()


@pytest.mark.parametrize("way", ["#details-of-stripes", "#:~:text=sentence%20about%20quaggas"])
def test_details_open_for_a_link_and_for_found_text(way: str, sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/{CHAPTER}{way}")
    content = page.get_by_text("A folded sentence about quaggas.")
    expect(content).to_be_visible()
    expect(content).to_be_in_viewport()


def test_details_open_for_the_contents_list_again_and_again(chapter: Page) -> None:
    link = chapter.locator("#pst-page-toc-nav a[href='#details-of-stripes']")
    content = chapter.get_by_text("A folded sentence about quaggas.")
    for _ in range(2):
        link.evaluate("e => e.click()")
        expect(content).to_be_visible()
        chapter.locator(f"{FOLD} summary").first.press("Enter")
        expect(content).to_be_hidden()


def test_details_are_open_without_javascript(sample: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{sample.address}/{CHAPTER}")
    assert page.get_by_text("A folded sentence about quaggas.").evaluate(IS_SHOWN)
    context.close()


# ---- Where one is ---------------------------------------------------------------------------


def test_the_contents_mark_the_section_that_is_read_everywhere(chapter: Page) -> None:
    bottom = chapter.evaluate("document.documentElement.scrollHeight - innerHeight")
    for y in range(0, bottom + 1, max(bottom // 15, 1)):
        chapter.evaluate(
            "async y => { scrollTo(0, y); for (let i = 0; i < 3; i++)"
            " await new Promise(requestAnimationFrame); }",
            y,
        )
        marked = chapter.locator("#pst-page-toc-nav a[aria-current]")
        assert marked.count() == 1, f"{marked.count()} sections are marked at {y}"
        expect(marked).to_be_in_viewport()
        tops = chapter.evaluate(
            """() => [...document.querySelectorAll('#pst-page-toc-nav a')].map(a => [a.hash,
                document.getElementById(a.hash.slice(1)).getBoundingClientRect().top])"""
        )
        line = 0.3 * chapter.viewport_size["height"]
        passed = [hash_ for hash_, top in tops if top <= line] or [tops[0][0]]
        rest = chapter.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")
        if rest > 2:  # at the end, the last section is read however short it is
            assert marked.get_attribute("href") == passed[-1]


def test_a_bar_tells_how_far_one_is(chapter: Page) -> None:
    bar = chapter.locator(".reading-progress")
    assert bar.bounding_box()["width"] == pytest.approx(0, abs=1)
    chapter.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    chapter.wait_for_function(
        "() => document.querySelector('.reading-progress').getBoundingClientRect().width"
        " > innerWidth - 30"
    )


def test_a_chapter_says_how_long_it_takes_and_opens_in_colab(chapter: Page) -> None:
    facts = chapter.locator("h1 + .chapter-facts")
    expect(facts).to_contain_text(re.compile(r"\d+ minutes? to read"))
    colab = facts.get_by_role("link", name="Open in Colab")
    expect(colab).to_have_attribute("href", re.compile(r"/Someone/a-book/blob/trial/notebooks/"))


def test_the_other_buttons_share_one_menu(chapter: Page) -> None:
    bar = chapter.locator(".article-header-buttons")
    assert bar.locator(".dropdown").count() == 1
    bar.get_by_role("button", name="More about this page").press("Enter")
    for name in ("Download the notebook", "Suggest an edit", "Repository"):
        expect(bar.get_by_role("link", name=name)).to_be_visible()
    expect(bar.get_by_role("button", name="Print, or save as PDF")).to_be_visible()


# ---- Figures ---------------------------------------------------------------------------------


def test_figures_turn_dark_and_photographs_do_not(sample: Site, browser: Browser) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(f"{sample.address}/{CHAPTER}")
    drawn = page.locator(".tag_stepper .stepper-current img").first
    photograph = page.locator(".tag_photo img")
    assert style(drawn, "filter") == "invert(1) hue-rotate(180deg)"
    assert "invert" not in style(photograph, "filter")
    page.emulate_media(media="print", color_scheme="dark")
    assert style(drawn, "filter") == "none"
    page.close()


def test_on_a_phone_a_figure_can_be_enlarged(phone: Page) -> None:
    cell = phone.locator("#cell-a-photograph")
    button = cell.get_by_role("button", name="Enlarge")
    button.scroll_into_view_if_needed()
    button.click()
    dialog = phone.get_by_role("dialog", name="Figure, enlarged")
    image = dialog.locator("img")
    expect(image).to_have_attribute("alt", "A photograph.")
    assert image.bounding_box()["width"] >= 2 * PHONE["width"]
    phone.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    cell.locator("img").tap()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").tap()
    expect(dialog).to_be_hidden()


def test_a_figure_that_is_shown_whole_is_not_enlarged(chapter: Page) -> None:
    expect(chapter.locator(".stepper-current .enlarge").first).to_be_hidden()


def test_a_stepper_keeps_its_alternative_and_says_each_line_once(chapter: Page) -> None:
    stepper = chapter.locator(".stepper").first
    said = stepper.aria_snapshot()
    assert said.count("First stepper, picture 1.") == 1, said
    assert '- img "First stepper"' in said, said
    stepper.get_by_role("button", name="Next step").click()
    assert stepper.aria_snapshot().count("First stepper, picture 2.") == 1


def swipe(page: Page, element: Locator, x: int, y: int) -> None:
    """A finger on the element that moves by (x, y)."""
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    start = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    devtools = page.context.new_cdp_session(page)
    steps = [("touchStart", [start]), ("touchMove", [{"x": start["x"] + x, "y": start["y"] + y}])]
    for kind, points in [*steps, ("touchEnd", [])]:
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devtools.detach()


def test_on_a_phone_a_stepper_is_as_wide_as_the_window_and_swiped(phone: Page) -> None:
    cell = phone.locator(".cell.tag_stepper").first
    assert cell.bounding_box()["width"] == pytest.approx(PHONE["width"], abs=1)
    stage, count = cell.locator(".stepper-stage"), cell.locator(".stepper-count")
    swipe(phone, stage, -120, 5)
    expect(count).to_have_text("step 2 of 3")
    swipe(phone, stage, 120, 5)
    expect(count).to_have_text("step 1 of 3")
    swipe(phone, stage, 0, -120)
    expect(count).to_have_text("step 1 of 3")


# ---- Explorables -----------------------------------------------------------------------------


def explorable(page: Page, number: int = 0) -> Locator:
    return page.get_by_role("group", name="Try a and b").nth(number)


def tile_shown(box: Locator) -> tuple[int, int]:
    """Row and column of the tile that an explorable shows."""
    return tuple(
        box.locator(".explorable-tile").evaluate(
            """tile => {
                const [frame, grid] = [tile, tile.firstChild].map(e => e.getBoundingClientRect());
                return [Math.round(10 * (frame.top - grid.top) / frame.height) / 10,
                        Math.round(10 * (frame.left - grid.left) / frame.width) / 10];
            }"""
        )
    )


def test_an_explorable_shows_the_tile_that_is_chosen(chapter: Page) -> None:
    box = explorable(chapter)
    picture = box.locator(".explorable-tile")
    assert tile_shown(box) == (0, 0)
    box.get_by_role("group", name="a").get_by_role("radio", name="1x4").click()
    assert tile_shown(box) == (2, 0)
    box.get_by_role("group", name="b").get_by_role("radio", name="3x4").click()
    assert tile_shown(box) == (2, 1)
    expect(box.locator("figcaption")).to_have_text("a=1x4 b=3x4: 1x4 meets 3x4")
    expect(box.get_by_role("img", name="a=1x4 b=3x4: 1x4 meets 3x4")).to_be_visible()
    size = picture.bounding_box()
    assert size["width"] / size["height"] == pytest.approx(120 / 90, abs=0.02)
    assert size["width"] > 1.5 * 120, "the tile is not large"


def test_a_cell_can_say_how_many_tiles_stand_side_by_side(chapter: Page) -> None:
    box = explorable(chapter, 2)
    box.get_by_role("group", name="a").get_by_role("radio", name="1x4").click()
    assert tile_shown(box) == (1, 1)


def test_an_explorable_is_chosen_from_by_keyboard(chapter: Page) -> None:
    box = explorable(chapter)
    first = box.get_by_role("group", name="a").get_by_role("radio").first
    first.focus()
    first.press("ArrowDown")
    expect(box.get_by_role("radio", name="3x1")).to_be_focused()
    expect(box.locator("figcaption")).to_have_text("a=3x1 b=4: 3x1 meets 4")
    chosen = box.get_by_role("radio", name="3x1")
    assert style(chosen.locator("xpath=following-sibling::span"), "outlineStyle") == "solid"


def test_lines_alone_can_be_explored(chapter: Page) -> None:
    box = explorable(chapter, 1)
    assert box.locator("img").count() == 0
    box.get_by_role("group", name="a").get_by_role("radio", name="3x1").click()
    expect(box.locator("figcaption")).to_have_text("a=3x1 b=4: 3x1 meets 4")


def test_all_tiles_are_one_click_away(chapter: Page) -> None:
    cell = chapter.locator(".cell.tag_explorable").first
    grid = cell.get_by_role("img", name="Six gray tiles.")
    expect(grid).to_be_hidden()
    cell.get_by_text("All 6 side by side").click()
    expect(grid).to_be_visible()


@pytest.mark.parametrize("where", ["paper", "no JavaScript"])
def test_an_explorable_degrades_to_lines_and_grid(
    where: str, sample: Site, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=where == "paper")
    page = context.new_page()
    page.goto(f"{sample.address}/{CHAPTER}")
    if where == "paper":
        page.emulate_media(media="print")
    output = page.locator(".cell.tag_explorable .cell_output").first
    assert output.locator("img[alt='Six gray tiles.']").evaluate(IS_SHOWN)
    assert output.get_by_text("a=1x4 b=3x4: 1x4 meets 3x4").last.evaluate(IS_SHOWN)
    assert output.locator(".explorable:visible").count() == 0
    context.close()


# ---- The first page --------------------------------------------------------------------------


@pytest.fixture
def landing(sample: Site, page: Page) -> Page:
    page.goto(f"{sample.address}/book/index.html")
    return page


def test_the_first_page_leads_into_the_book(landing: Page) -> None:
    landing.get_by_role("link", name="Start reading").click()
    landing.wait_for_url(f"**/{CHAPTER}")


def test_the_first_page_finds_an_error(landing: Page) -> None:
    form = landing.locator(".landing-buttons form")
    form.get_by_role("searchbox").fill("zebras")
    form.get_by_role("button", name="Find an error").click()
    landing.wait_for_url("**/search.html?q=zebras")


def test_the_first_page_shows_a_figure_of_a_chapter(landing: Page) -> None:
    image = landing.locator(".cell.shown img")
    expect(image).to_have_attribute("alt", "A photograph.")
    assert image.evaluate("e => e.naturalWidth") == 900
    landing.locator(".shown-from a").click()
    landing.wait_for_url(f"**/{CHAPTER}#cell-a-photograph")


def test_the_first_page_counts_what_the_book_has(landing: Page) -> None:
    counts = landing.locator(".book-counts li").all_inner_texts()
    numbers = [" ".join(count.split()) for count in counts]
    assert numbers[0] == "1 chapter"
    assert numbers[2] == "1 error reproduced", "an error among the solutions is none of the book"
    assert numbers[3] == "2 exercises with a check"


def test_the_first_page_shows_the_parts_that_exist(landing: Page) -> None:
    parts = landing.locator(".part")
    assert parts.locator("h3").all_inner_texts() == ["Part"]
    expect(parts).to_contain_text("A sentence.")
    expect(parts).to_contain_text(re.compile(r"1 chapter, \d+ minutes?"))
    assert parts.locator("img").evaluate("e => e.complete && e.naturalWidth > 0")


# ---- On paper --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_is_light_and_complete(scheme: str, sample: Site, browser: Browser) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 680, "height": 960})
    page.goto(f"{sample.address}/{CHAPTER}")
    page.emulate_media(media="print", color_scheme=scheme)
    assert style(page.locator("body"), "backgroundColor") == "rgb(255, 255, 255)"
    for text in ("A folded sentence about quaggas.", "A hint."):
        assert page.get_by_text(text).evaluate(IS_SHOWN), text
    for code in page.locator("article .cell pre").all():
        assert code.evaluate("e => e.checkVisibility()"), "a folded cell is missing"
        assert code.evaluate("e => e.scrollWidth <= e.clientWidth + 1"), "code is cut off"
    for name in ("button", "input", "summary"):
        shown = page.locator(f"article .cell {name}:visible")
        assert shown.count() == 0, shown.first.evaluate("e => e.outerHTML")
    page.close()


def test_the_book_is_printed_as_one_file(sample: Site, browser: Browser, tmp_path: Path) -> None:
    target = tmp_path / "book.pdf"
    command = [sys.executable, "-m", "tools.pdf", "--site", str(sample.folder), "--to", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    written = target.read_bytes()
    places = pdf.pages_of_anchors(written)
    assert 1 < places["00_sample--"] < places["00_sample--solutions"]
    links = set(re.findall(rb"/Dest /(\S+)", written))
    assert b"00_sample--details-of-stripes" in links or b"00_sample--zebras-and-outputs" in links
    named = set(re.findall(rb"/([^\s/\[\]<>()]+)\s*\[\d+ 0 R\s*/XYZ", written))
    assert not links - named, "links that lead nowhere"
    assert b"file:" not in written
