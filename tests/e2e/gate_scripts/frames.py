"""Frames of the page's own origin and of another one: what Playwright's page on frames shows."""

import json
import sys

from playwright.sync_api import sync_playwright

cdp_url, site, _ = sys.argv[1:]

with sync_playwright() as playwright:
    browser = playwright.chromium.connect_over_cdp(cdp_url)
    page = browser.contexts[0].pages[0]
    page.goto(f"{site}/frames")
    far = page.frame_locator(".far")
    far.get_by_label("User Name").fill("John")
    far.get_by_role("button").click()
    near = page.frame("near")
    assert near is not None
    near.fill("input", "Jane")
    near.click("button")
    texts = [far.locator(".text").inner_text(), near.inner_text(".text")]
    print(json.dumps({"texts": texts, "frames": [frame.name for frame in page.frames], "title": page.title()}))
    browser.close()
