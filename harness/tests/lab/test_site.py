"""The documentation's web site in a browser: its search, in light and dark colours, on a screen and on a telephone."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from browsing import browsers
from nsguard_harness.browser_client import Browser
from nsguard_harness.checkout import ROOT
from nsguard_harness.lab.container import ContainerLab

pytestmark = pytest.mark.lab

SITE = "http://127.0.0.1:8000"
SOCKET = "/run/free-browser/socket"
WIDTHS = {"screen": 1280, "telephone": 390}
# Search as a reader does, with the field at the top of the page. Gives a promise of the links among the results.
ASK = """
new Promise(resolve => {
    document.querySelector("label[for=__search]").click();
    const field = document.querySelector("input.md-search__input");
    field.focus();
    field.value = WORDS;
    // again and again: the page listens only when it has its index
    const timer = setInterval(() => {
        const meta = document.querySelector(".md-search-result__meta").innerText;
        const links = [...document.querySelectorAll(".md-search-result__link")].map(link => link.href);
        if (links.length || /^No matching/.test(meta)) {
            clearInterval(timer);
            resolve(links);
        }
        field.dispatchEvent(new KeyboardEvent("keyup", {bubbles: true}));
        field.dispatchEvent(new InputEvent("input", {bubbles: true}));
    }, 100);
})
"""
# The lightness of the page's background and of its text, from 0 to 255.
LIGHTNESS = """
["backgroundColor", "color"].map(property =>
    Math.max(...getComputedStyle(document.body)[property].match(/\\d+/g).slice(0, 3).map(Number)))
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    """A lab whose client has a browser outside the namespace, and the site on its loopback interface."""
    tools = subprocess.run(["make", "-C", ROOT, ".venv/site/ready"], capture_output=True, text=True)
    if tools.returncode:
        pytest.skip(f"no site can be built, so NOTHING is shown of one: {tools.stderr.strip()[-300:]}")
    subprocess.run(["make", "-C", ROOT, "site"], check=True)
    with browsers("browser") as lab:
        shutil.copytree(ROOT / ".venv/site/html", lab.client.path("/srv/site"))
        lab.client.succeed("systemd-run -q --unit=site python3 -m http.server -b 127.0.0.1 -d /srv/site 8000")
        lab.client.succeed("systemctl start free-browser")
        yield lab


@pytest.fixture
def browser(lab: ContainerLab) -> Iterator[Browser]:
    with Browser(lab.client, SOCKET, timeout=120) as browser:
        yield browser


def ask(browser: Browser, words: str) -> list[str]:
    assert browser.visit(f"{SITE}/index.html") == ""
    return list(browser.evaluate(ASK.replace("WORDS", json.dumps(words))))


def look(browser: Browser, name: str) -> None:
    """Save a picture of the page in the directory that NSGUARD_SCREENSHOT names, if it is set."""
    if keep := os.environ.get("NSGUARD_SCREENSHOT"):
        picture = browser.call("Page.captureScreenshot", format="png")["data"]
        Path(keep, f"site-{name}.png").write_bytes(base64.b64decode(picture))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_search_leads_to_an_option(browser: Browser, scheme: str, width: str) -> None:
    pixels = WIDTHS[width]
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=pixels, height=900, deviceScaleFactor=1, mobile=width == "telephone"
    )
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    links = ask(browser, "generatePrivateKeyFile")
    look(browser, f"{scheme}-{width}-found")
    option = next(
        (link for link in links if re.match(rf"{SITE}/options/tunnels\.html.*#.*generateprivatekeyfile", link)), ""
    )
    assert option, "\n".join(links)

    assert browser.visit(option) == ""
    look(browser, f"{scheme}-{width}-option")
    assert "generatePrivateKeyFile" in browser.evaluate("document.querySelector(':target').innerText")
    ground, text = browser.evaluate(LIGHTNESS)
    assert (ground > text) is (scheme == "light")
    # the page does not scroll sideways: wide code and tables scroll by themselves
    assert browser.evaluate("document.documentElement.scrollWidth") <= pixels


def test_search_finds_nothing_for_a_word_that_no_page_has(browser: Browser) -> None:
    assert ask(browser, "quxfrobnicate") == []


def test_a_page_asks_nobody_else_for_anything(browser: Browser) -> None:
    assert ask(browser, "tunnel")
    requests = [event["params"]["request"]["url"] for event in browser.events if "request" in event.get("params", {})]
    assert len(requests) > 3
    assert [url for url in requests if not url.startswith((SITE, "data:"))] == []
