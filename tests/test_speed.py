"""What makes pages paint early, seen in the built site and in the browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from site_fixtures import ROOT, Site

SAMPLE = "notebooks/00_sample.html"
BRIGHTNESS = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
ICONS_WITHOUT_SHAPE = """() => [...document.querySelectorAll("i[class*=fa-], span[class*=fa-]")]
    .filter(e => !getComputedStyle(e, "::before").maskImage.startsWith("url(\\"data:image/svg"))
    .map(e => e.outerHTML)"""
PICTURES = "() => [...document.querySelectorAll('article img')].map(i => [i.width, i.height])"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(10_000)
    yield page
    page.close()


def test_one_stylesheet_and_no_script_hold_up_the_page(book: Site) -> None:
    for name in book.pages():
        text = (book.folder / name).read_text(encoding="utf-8")
        if name == "index.html":
            continue
        assert len(re.findall(r'rel="stylesheet"', text)) == 1, name
        waiting = [t for t in re.findall(r"<script[^>]*src=[^>]*>", text) if "defer" not in t]
        assert not waiting, f"{name}: {waiting}"


def test_a_page_loads_only_scripts_that_it_has_a_use_for(sample: Site) -> None:
    chapter, front = (
        (sample.folder / name).read_text(encoding="utf-8") for name in (SAMPLE, "book/index.html")
    )
    for script in ("mathjax/startup.js", "copybutton.js", "stepper.js"):
        assert script in chapter, f"the chapter lacks {script}"
        assert script not in front, f"the first page has no use for {script}"


def test_every_image_of_the_book_waits_and_has_its_size(book: Site) -> None:
    for name in book.pages():
        article = (book.folder / name).read_text(encoding="utf-8").partition("<article")[2]
        for tag in re.findall(r"<img[^>]*_images[^>]*>", article):
            for part in ('loading="', 'width="', 'height="'):
                assert part in tag, f"{name}: no {part} in {tag}"


def test_a_picture_is_as_large_as_it_was_drawn(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/{SAMPLE}")
    page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; })")
    sizes = page.evaluate(PICTURES)
    assert [300, 100] in sizes
    assert [400, 120] in sizes, "the figure with twice the pixels is not shown at half of them"


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_or_dark_is_right_before_any_file_of_script(
    scheme: str, script: bool, sample: Site, browser: Browser
) -> None:
    context = browser.new_context(color_scheme=scheme, java_script_enabled=script)
    page = context.new_page()
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"{sample.address}/{SAMPLE}")
    brightness = page.evaluate(BRIGHTNESS)
    assert brightness < 60 if scheme == "dark" else brightness > 200
    expect(page.locator(".logo__image:visible")).to_have_count(1)
    context.close()


def test_a_choice_is_kept_on_the_next_page(sample: Site, browser: Browser) -> None:
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.goto(f"{sample.address}/{SAMPLE}")
    for _ in range(3):
        page.locator("button.theme-switch-button:visible").first.click()
        if page.evaluate(BRIGHTNESS) < 60:
            break
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"{sample.address}/book/index.html")
    assert page.evaluate(BRIGHTNESS) < 60, "the next page is light again"
    context.close()


def test_icons_are_shapes_and_no_font_is_loaded(site: Site, page: Page) -> None:
    fonts: list[str] = []
    page.on("request", lambda r: fonts.append(r.url) if "webfonts" in r.url else None)
    page.goto(f"{site.address}/{site.first_page('_sources/notebooks/')}", wait_until="networkidle")
    assert page.locator("i[class*=fa-]").count() > 5
    assert not page.evaluate(ICONS_WITHOUT_SHAPE)
    assert not fonts


def test_all_sections_are_laid_out_after_the_first_paint(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/{SAMPLE}")
    expect(page.locator("html")).not_to_have_class(re.compile("first-paint"))


def test_rules_that_no_page_uses_are_gone(book: Site) -> None:
    css = (book.folder / "_static" / "site.css").read_text(encoding="utf-8")
    assert ".fa-accessible-icon" not in css
    for used in (".bd-article", ".cell_output", ".stepper", ".search-link", "@media"):
        assert used in css, f"{used} has lost its rules"
    assert len(css) < 250_000


# ---- What is said about a page -------------------------------------------------------------


def test_every_page_has_one_h1_a_description_and_a_title_of_its_own(book: Site) -> None:
    titles = []
    for name in book.pages():
        text = (book.folder / name).read_text(encoding="utf-8")
        assert len(re.findall(r"<h1\b", text)) == 1, f"{name} has not one h1"
        titles += re.findall(r"<title>(.*?)</title>", text)
        if name.startswith(("book/", "notebooks/")):
            assert len(re.findall(r'<meta name="description" content="[^"]{50,}', text)) == 1, name
            assert 'property="og:title"' in text, name
    pages = [title for title in titles if title != "Executable PyTorch"]
    assert len(pages) == len(set(pages)) >= len(titles) - 2  # the first page and the door to it


def test_a_site_without_an_address_names_none(sample: Site) -> None:
    text = (sample.folder / SAMPLE).read_text(encoding="utf-8")
    for part in ("canonical", "og:url", "og:image"):
        assert part not in text, part
    assert not (sample.folder / "sitemap.xml").exists()


def test_a_page_that_does_not_exist_leads_on(book: Site, page: Page) -> None:
    page.goto(f"{book.address}/404.html")
    page.locator("article a", has_text="first page").click()
    page.wait_for_url("**/book/index.html")


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert "://" not in lock
