"""What is seen, the whole page, one element: what Playwright's page on screenshots shows."""

import json
import struct
import sys

from playwright.sync_api import sync_playwright

cdp_url, site, folder = sys.argv[1:]


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG."""
    width, height = struct.unpack(">16xII", picture[:24])
    return width, height


with sync_playwright() as playwright:
    browser = playwright.chromium.connect_over_cdp(cdp_url)
    page = browser.contexts[0].pages[0]
    page.goto(f"{site}/gallery")
    page.screenshot(path=f"{folder}/screenshot.png")
    page.goto(f"{site}/gallery/long")
    seen, whole = page.screenshot(), page.screenshot(full_page=True)
    header = page.locator(".header").screenshot()
    with open(f"{folder}/screenshot.png", "rb") as file:
        print(json.dumps([size(file.read()), size(seen), size(whole), size(header)]))
    browser.close()
