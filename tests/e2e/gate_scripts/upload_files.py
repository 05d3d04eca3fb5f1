"""One file, several files, and one that is only in memory, as Playwright's page on actions shows."""

import json
import sys

from playwright.sync_api import sync_playwright

cdp_url, site, folder = sys.argv[1:]

with sync_playwright() as playwright:
    browser = playwright.chromium.connect_over_cdp(cdp_url)
    page = browser.contexts[0].pages[0]
    said = []
    for address, label, files in [
        ("/upload", "Upload file", f"{folder}/notes.txt"),
        ("/upload-many", "Upload files", [f"{folder}/notes.txt", f"{folder}/picture.bin"]),
        ("/upload", "Upload file", {"name": "file.txt", "mimeType": "text/plain", "buffer": b"this is test"}),
    ]:
        page.goto(f"{site}{address}")
        page.get_by_label(label).set_input_files(files)
        page.get_by_role("button", name="Send").click()
        said.append(page.get_by_role("status").text_content())
    print(json.dumps(said))
    browser.close()
