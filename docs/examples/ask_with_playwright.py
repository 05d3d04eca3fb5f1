"""An agent with Playwright that asks a person for help, and goes on when it has been given.

pip install 'pilothouse[agent]' playwright
python docs/examples/ask_with_playwright.py http://127.0.0.1:8000/api/v1/cdp/pbs_… KEY https://shop.example/checkout
"""

import asyncio
import sys

from playwright.async_api import async_playwright

import pilothouse.agent


async def main(gate: str, key: str, checkout: str) -> None:
    async with pilothouse.agent.connect(gate, key) as helm, async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(helm.cdp_url)
        page = browser.contexts[0].pages[0]
        await page.goto(checkout)
        await page.get_by_label("Name").fill("Grace Hopper")

        answer = await helm.request_takeover("captcha", deadline_seconds=300, note="Please type the letters, no more.")
        if not answer.completed:
            sys.exit(f"Nobody helped: {answer.outcome}. {answer.note or ''}")
        print(f"A person helped, and says: {answer.note}", flush=True)

        await page.get_by_role("button", name="Order").click()
        print(await page.get_by_role("status").inner_text())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
