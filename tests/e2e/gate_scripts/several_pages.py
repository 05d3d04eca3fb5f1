"""A page that opens another, and a new one: what Playwright's page on pages shows."""

import json
import sys

from playwright.sync_api import sync_playwright

cdp_url, site, _ = sys.argv[1:]

with sync_playwright() as playwright:
    browser = playwright.chromium.connect_over_cdp(cdp_url)
    context = browser.contexts[0]
    page = context.pages[0]
    page.goto(f"{site}/rooms")
    with context.expect_page() as opened:
        page.get_by_text("open the second page").click()
    second = opened.value
    second.wait_for_load_state()
    third = context.new_page()
    third.goto(f"{site}/third")
    page.bring_to_front()
    page.locator("#third").click()
    page.wait_for_url("**/third")
    titles = [each.title() for each in (page, second, third)]
    third.close()
    second.close()
    print(json.dumps({"titles": titles, "left": len(context.pages), "heading": page.locator("h1").inner_text()}))
    browser.close()
