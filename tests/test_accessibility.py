"""What axe-core, the accessibility checker, finds on any page: nothing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from site_fixtures import ROOT, Site

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (390, 1440)

# Folded parts are opened, because what is hidden is not looked at.
OPEN_ALL = "() => document.querySelectorAll('details').forEach(d => d.open = true)"
MATH_IS_READY = "() => window.MathJax?.startup?.promise"
RUN = """async rules => (await axe.run({ reporter: "no-passes", preload: false, ...rules }))
    .violations.flatMap(
        v => v.nodes.map(n => `${v.id}: ${n.target.join(" ")}: ${n.html.slice(0, 120)}`))"""
EVERY_RULE: dict[str, list[str]] = {}
RULES_OF_COLOR = {"runOnly": ["color-contrast"]}  # all that a scheme can change


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(reduced_motion="reduce")
    page.set_default_timeout(60_000)
    yield page
    page.close()


def findings(page: Page, site: Site, name: str) -> Iterator[str]:
    """`page at 390 px, light: rule: element`, for one page in its four forms."""
    page.goto(f"{site.address}/{name}", wait_until="load")
    if name == "index.html":
        page.wait_for_url("**/book/index.html")
    page.evaluate(MATH_IS_READY)
    page.evaluate(OPEN_ALL)
    page.add_script_tag(path=AXE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)  # what listens to the width waits for its end
        for scheme, rules in (("light", EVERY_RULE), ("dark", RULES_OF_COLOR)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
            for found in page.evaluate(RUN, rules):
                yield f"{name} at {width} px, {scheme}: {found}"


def test_axe_finds_nothing_on_any_page(site: Site, page: Page) -> None:
    found = [line for name in site.pages() for line in findings(page, site, name)]
    assert not found, f"axe finds {len(found)}:\n" + "\n".join(found)


def test_axe_finds_nothing_in_the_search(sample: Site, page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("zebras")
    page.locator("#pst-search-dialog .search-list a").first.wait_for()
    page.add_script_tag(path=AXE)
    assert not page.evaluate(RUN, EVERY_RULE)


def test_axe_would_find_something(sample: Site, page: Page) -> None:
    page.goto(f"{sample.address}/notebooks/00_sample.html")
    page.add_script_tag(path=AXE)
    page.evaluate("document.querySelector('article img').removeAttribute('alt')")
    assert any(found.startswith("image-alt") for found in page.evaluate(RUN, EVERY_RULE))
