"""The class page in a real browser: nothing is fetched, everything can be used, on any screen."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.formats.page import Entry, class_page
from grader.outcomes import Outcome
from tests.test_formats import NASTY, document

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("chromium and chromium-driver are not installed", allow_module_level=True)

webdriver = pytest.importorskip("selenium.webdriver")

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
BACKSPACE = "\ue003"  # WebDriver's code for the key
PHONE, DESK = (390, 844), (1400, 900)
NAMES = [
    *(name.replace("\x00", "\ufffd") for name in NASTY),
    "Grace",
    "ada",
    "Zoë",
    "A name that is much longer than any column " * 3,
]
RED = "toy.part.claim-1"  # which every second of them fails
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
NAMES_SHOWN = """return [...document.querySelectorAll('#grid tbody tr')].filter(row => !row.hidden)
    .map(row => row.dataset.name)"""
CONTRAST = """
const parts = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
const light = colour => parts(colour).map(v => v / 255)
  .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, k) => sum + v * [.2126, .7152, .0722][k], 0);
return [...document.querySelectorAll('body, .tag, td.cell[data-id]')].map(one => {
  const style = getComputedStyle(one);
  const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
  return (a + .05) / (b + .05);
});
"""


def entries() -> list[Entry]:
    """A class: names that break things, every outcome, many criteria, somebody not graded."""
    found = []
    for number, name in enumerate(NAMES):
        outcomes = tuple(Outcome) * 9
        if number % 2:
            outcomes = (Outcome.PASSED,) * len(outcomes)
        made = document(name + "without_any_space_to_break_at" * 9, outcomes)
        scored = {"score": 2.0 * number, "max_score": 2.0 * len(outcomes)}
        found.append(Entry(name, f"{number}.zip", {**made, **scored}))
    return [*found, Entry("Nobody", "broken.zip", None, "broken.zip cannot be unpacked")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium with a profile of its own, which tells what it says and fetches."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    # Start with an empty tab: the browser's own first page asks for many things, some of them late.
    start = {"session.restore_on_startup": 4, "session.startup_urls": ["about:blank"]}
    options.add_experimental_option("prefs", start)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page as a file, which is how instructors open it."""
    path: Path = tmp_path_factory.mktemp("page") / "index.html"
    notes = ["Sandbox: bubblewrap, seed 7, " + "x" * 200]
    path.write_text(class_page("Lab 3 & 4", entries(), notes, details=True), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page, opened anew; whatever the test does must cause neither errors nor requests."""
    look(browser, DESK)
    browser.get_log("performance"), browser.get_log("browser")
    browser.get("about:blank")
    browser.get(address)
    yield browser
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    urls = {one["request"]["url"].partition("#")[0] for one in sent}
    assert urls <= {address, "about:blank"}


def look(browser: Any, size: tuple[int, int], scheme: str = "light", media: str = "") -> None:
    """Emulate a screen, its colours, or paper."""
    width, height = size
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    wanted = {"media": media, "features": features}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)


def click(page: Any, selector: str) -> None:
    page.find_element("css selector", selector).click()


def test_names_sort_in_both_directions(page: Any) -> None:
    wanted = [f"{entry.student} {entry.submission}".lower() for entry in entries()]
    click(page, "button.sort[data-key=name]")
    assert [name.lower() for name in page.execute_script(NAMES_SHOWN)] == sorted(wanted)
    click(page, "button.sort[data-key=name]")
    shown = [name.lower() for name in page.execute_script(NAMES_SHOWN)]
    assert shown == sorted(wanted, reverse=True)


def test_scores_sort_best_first_and_those_without_last(page: Any) -> None:
    click(page, "button.sort[data-key=score]")
    shown = page.execute_script(NAMES_SHOWN)
    assert shown[0].startswith(NAMES[-1].strip())
    assert shown[-1] == "Nobody broken.zip"
    click(page, "button.sort[data-key=score]")
    assert page.execute_script(NAMES_SHOWN) == shown[::-1]


def test_a_name_is_found_and_a_criterion_shows_who_did_not_pass(page: Any) -> None:
    find = page.find_element("css selector", "#find")
    find.send_keys("GRA")
    assert page.execute_script(NAMES_SHOWN) == ["Grace 6.zip"]
    assert page.find_element("css selector", "#shown").text == f"1 of {len(NAMES) + 1}"
    find.send_keys(BACKSPACE * 3)
    assert len(page.execute_script(NAMES_SHOWN)) == len(NAMES) + 1
    page.find_element("css selector", "#criterion").send_keys(RED)
    failing = [f"{name} {number}.zip" for number, name in enumerate(NAMES) if number % 2 == 0]
    assert page.execute_script(NAMES_SHOWN) == failing


def test_a_name_in_the_table_opens_the_students_feedback(page: Any) -> None:
    assert page.execute_script("return document.querySelectorAll('details[open]').length") == 0
    click(page, "#grid tbody tr:nth-child(7) a")
    (opened,) = page.find_elements("css selector", "details[open]")
    assert opened.find_element("css selector", "summary b").text == "Grace"
    assert opened.find_element("css selector", "pre").is_displayed()
    top = page.execute_script("return arguments[0].getBoundingClientRect().top", opened)
    assert -1 <= top < DESK[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_sticks_out_and_everything_can_be_read(
    page: Any, size: tuple[int, int], scheme: str
) -> None:
    look(page, size, scheme)
    page.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.execute_script(OVERFLOW) == 0
    assert min(page.execute_script(CONTRAST)) >= 4.5  # WCAG 2, level AA
    back = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") is (scheme == "light")


def test_on_paper_is_each_students_feedback_and_nothing_to_click(page: Any) -> None:
    look(page, DESK, media="print")
    hidden = "return [...document.querySelectorAll(%s)].every(one => !one.offsetHeight)"
    assert page.execute_script(hidden % "'.tools, nav, .overview, button.print'")
    pages = base64.b64decode(page.print_page()).count(b"/Type /Page\n")
    assert pages >= len(NAMES) + 1
    assert page.execute_script("return document.body.className") == ""


def test_one_students_page_is_printed_alone(page: Any) -> None:
    click(page, "#grid tbody tr:nth-child(7) a")
    page.execute_script("window.print = () => dispatchEvent(new Event('beforeprint'))")
    click(page, "details[open] button.print")
    look(page, DESK, media="print")
    shown = (
        "return [...document.querySelectorAll('details')].filter(one => one.offsetHeight).length"
    )
    assert page.execute_script(shown) == 1
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.execute_script(shown) == len(NAMES) + 1
