"""The viewer's page as a person uses it."""

from playwright.sync_api import Locator, Page, expect

PLACE_ON_SCREEN = """element => {
    const box = element.getBoundingClientRect();
    const chrome = outerHeight - innerHeight;
    return [screenX + box.x + box.width / 2, screenY + chrome + box.y + box.height / 2, screen.width, screen.height];
}"""
"""A script that tells where the middle of an element is on the screen, and how large the screen is."""

KEEP_SOCKETS = """window.sockets = [];
window.WebSocket = new Proxy(WebSocket, {
    construct(target, args) {
        const socket = new target(...args);
        sockets.push(socket);
        return socket;
    },
});"""
"""A script for a page to begin with: what it opens can be found in `sockets`."""


class ViewerPage:
    """What one sees and presses on the page that shows a session."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.viewer = page.locator("pilothouse-viewer")
        self.canvas = page.get_by_test_id("picture").locator("canvas")
        bar = page.locator("pilothouse-viewer .bar")
        self.take_control = bar.get_by_role("button", name="Take control")
        self.hand_back = bar.get_by_role("button", name="Hand back")
        self.request = page.get_by_role("group", name="Request for control")
        self.help = page.get_by_role("group", name="The agent asks for help")
        self.note = page.get_by_label("A note for the agent")
        self.line = page.get_by_test_id("line")
        self.watching = page.get_by_test_id("watching")
        self.notice = page.get_by_test_id("notice")

    def open(self, url: str) -> None:
        """Load the page, and wait for the live picture."""
        self.page.goto(url)
        self.expect_status("live")

    def expect_status(self, status: str) -> None:
        expect(self.viewer).to_have_attribute("status", status, timeout=20_000)

    def expect_words(self, words: str) -> None:
        expect(self.page.get_by_test_id("status")).to_have_text(words, timeout=20_000)

    def expect_control(self, who: str) -> None:
        expect(self.viewer).to_have_attribute("control", who, timeout=10_000)

    def take(self) -> None:
        self.take_control.click()
        self.expect_control("you")

    def give_back(self) -> None:
        self.hand_back.click()
        self.expect_control("agent")

    def point_at_the_middle(self) -> None:
        """Move the mouse over the picture."""
        picture = self.canvas.bounding_box()
        assert picture is not None
        self.page.mouse.move(picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2)

    def click_on(self, target: Locator) -> None:
        """Click on the picture where an element of the remote page is."""
        self.click_at(*target.evaluate(PLACE_ON_SCREEN))

    def click_at(self, x: float, y: float, width: float, height: float) -> None:
        """Click on the picture at a place of the remote screen, which is so large."""
        picture = self.canvas.bounding_box()
        assert picture is not None
        self.page.mouse.click(
            picture["x"] + x * picture["width"] / width, picture["y"] + y * picture["height"] / height
        )

    def colours(self) -> int:
        """How many colours the picture has, counted on a grid."""
        count: int = self.canvas.evaluate(
            """canvas => {
                const context = canvas.getContext('2d');
                const found = new Set();
                for (let x = 5; x < canvas.width; x += 10)
                    for (let y = 5; y < canvas.height; y += 10)
                        found.add(context.getImageData(x, y, 1, 1).data.join());
                return found.size;
            }"""
        )
        return count
