"""Text, dates, check boxes, radio buttons, options: what Playwright's page on actions shows, in a form of two pages."""

import json
import os
import sys

from playwright.sync_api import sync_playwright

cdp_url, site, _ = sys.argv[1:]

with sync_playwright() as playwright:
    browser = playwright.chromium.connect_over_cdp(cdp_url)
    page = browser.contexts[0].pages[0]
    page.set_default_timeout(float(os.environ.get("SCRIPT_TIMEOUT_MS", "30000")))
    page.goto(f"{site}/form")
    page.get_by_role("textbox", name="Name").fill("Peter")
    page.get_by_label("Birth date").fill("2020-02-02")
    page.get_by_label("Appointment time").fill("13:15")
    page.get_by_label("Local time").fill("2020-03-02T05:15")
    page.get_by_label("I agree to the terms above").check()
    page.get_by_label("Subscribe to newsletter").uncheck()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("XL").check()
    page.get_by_label("Choose a color").select_option("blue")
    page.get_by_label("Choose multiple colors").select_option(["red", "green"])
    page.locator("#remarks").press_sequentially("Hello World!")
    page.locator("#remarks").press("Shift+ArrowLeft")
    page.keyboard.type("?")
    page.get_by_text("Send").click()
    print(json.dumps({"status": page.get_by_role("status").inner_text(), "title": page.title()}))
    browser.close()
