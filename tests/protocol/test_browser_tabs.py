from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.protocol.browser_tabs import LONGEST_TITLE, LONGEST_URL, BrowserTabs, Tab


def open_tabs(*target_ids: str) -> BrowserTabs:
    tabs = BrowserTabs()
    for target_id in target_ids:
        assert tabs.opened(target_id, {"title": target_id.lower(), "url": f"https://{target_id}.example/"})
    return tabs


def show(tabs: BrowserTabs, target_id: str, *hidden: str) -> None:
    """As a window with several tabs does it."""
    for other in hidden:
        tabs.looked_at(other, visible=False, focused=False)
    tabs.looked_at(target_id, visible=True, focused=True)


def test_tabs_are_told_oldest_first() -> None:
    tabs = open_tabs("A", "B")
    assert list(tabs) == [
        Tab("A", "a", "https://A.example/", active=False, favicon=None),
        Tab("B", "b", "https://B.example/", active=True, favicon=None),
    ]


def test_without_tabs_none_is_active() -> None:
    assert BrowserTabs().active is None
    assert list(BrowserTabs()) == []


def test_as_long_as_no_page_has_said_anything_the_newest_is_active() -> None:
    assert open_tabs("A", "B", "C").active == "C"


def test_the_visible_page_is_active() -> None:
    tabs = open_tabs("A", "B")
    assert tabs.looked_at("A", visible=True, focused=True)
    assert tabs.active == "A"
    tabs.looked_at("A", visible=False, focused=False)
    assert tabs.looked_at("B", visible=True, focused=False)
    assert tabs.active == "B"


def test_a_page_may_say_that_it_is_seen_before_the_other_says_that_it_is_not() -> None:
    tabs = open_tabs("A", "B")
    show(tabs, "A", "B")
    assert tabs.looked_at("B", visible=True, focused=False)
    assert tabs.active == "B"
    assert not tabs.looked_at("A", visible=False, focused=False)
    assert tabs.active == "B"


def test_of_two_windows_the_one_with_the_focus_is_active() -> None:
    tabs = open_tabs("A", "B")
    show(tabs, "A")
    show(tabs, "B")
    tabs.looked_at("A", visible=True, focused=False)
    assert tabs.active == "B"
    assert tabs.looked_at("A", visible=True, focused=True)
    assert tabs.active == "A"


def test_a_visible_page_that_only_has_news_does_not_come_to_the_front() -> None:
    tabs = open_tabs("A", "B")
    show(tabs, "A")
    show(tabs, "B")
    tabs.looked_at("A", visible=True, focused=False)
    assert not tabs.looked_at("A", visible=True, focused=False)
    assert tabs.active == "B"
    tabs.looked_at("A", visible=True, focused=True)
    assert not tabs.looked_at("B", visible=True, focused=True), "it has never said that it lost the focus"
    assert tabs.active == "A"


def test_when_the_visible_page_closes_the_one_seen_before_is_active_until_another_says_so() -> None:
    tabs = open_tabs("A", "B", "C")
    show(tabs, "A")
    show(tabs, "B", "A")
    show(tabs, "C", "B")
    assert tabs.closed("C")
    assert tabs.active == "B"
    assert tabs.looked_at("A", visible=True, focused=True)
    assert tabs.active == "A"


@pytest.mark.parametrize(("visible", "disputed"), [("", True), ("A", False), ("AB", True), ("ABC", True)])
def test_the_browser_is_to_be_asked_unless_just_one_page_says_that_it_is_seen(visible: str, disputed: bool) -> None:
    tabs = open_tabs("A", "B", "C")
    for target_id in visible:
        tabs.looked_at(target_id, visible=True, focused=True)
    assert tabs.disputed == disputed


def test_a_single_page_disputes_nothing() -> None:
    assert not BrowserTabs().disputed
    assert not open_tabs("A").disputed


def test_in_a_dispute_the_browser_is_right() -> None:
    tabs = open_tabs("A", "B")
    show(tabs, "A")
    show(tabs, "B")
    assert tabs.in_front(["A"])
    assert tabs.active == "A"
    assert not tabs.in_front(["A"])
    assert tabs.in_front(["B"])
    assert tabs.active == "B"
    tabs.looked_at("A", visible=True, focused=False)
    tabs.looked_at("A", visible=True, focused=True)
    assert tabs.active == "B", "whatever the page believes"


def test_without_a_dispute_the_page_is_right_because_it_says_so_at_once() -> None:
    tabs = open_tabs("A", "B")
    tabs.in_front(["A"])
    show(tabs, "B", "A")
    assert tabs.active == "B"


def test_of_the_pages_in_front_of_two_windows_the_one_that_got_there_last_is_active() -> None:
    tabs = open_tabs("A", "B", "C")
    for target_id in "ABC":
        tabs.looked_at(target_id, visible=True, focused=True)
    tabs.in_front(["A", "B"])
    assert tabs.active == "B"
    assert tabs.in_front(["A", "C"])
    assert tabs.active == "C"


def test_a_browser_that_says_nothing_about_its_windows_changes_nothing() -> None:
    tabs = open_tabs("A", "B")
    show(tabs, "B")
    show(tabs, "A")
    assert not tabs.in_front([])
    assert tabs.active == "A"


def test_a_page_tells_when_it_is_loaded() -> None:
    tabs = open_tabs("A")
    tabs.described("A", title="news", favicon=None)
    assert not next(iter(tabs)).ready
    assert tabs.described("A", title="news", favicon=None, ready=True)
    assert next(iter(tabs)).ready
    assert tabs.described("A", title="next", favicon=None), "the next document"
    assert not next(iter(tabs)).ready


def test_a_page_tells_its_title_and_icon() -> None:
    tabs = open_tabs("A")
    assert tabs.described("A", title="news", favicon="https://A.example/icon.png")
    assert not tabs.described("A", title="news", favicon="https://A.example/icon.png")
    assert list(tabs) == [Tab("A", "news", "https://A.example/", active=True, favicon="https://A.example/icon.png")]
    assert tabs.described("A", title="news", favicon="")
    assert next(iter(tabs)).favicon is None


@pytest.mark.parametrize(
    ("url", "favicon"), [("https://A.example/other", "icon"), ("https://B.example/", None), ("http://A.example/", None)]
)
def test_the_icon_stays_within_a_site(url: str, favicon: str | None) -> None:
    tabs = open_tabs("A")
    tabs.described("A", title="a", favicon="icon")
    assert tabs.told("A", {"title": "next", "url": url})
    assert list(tabs) == [Tab("A", "next", url, active=True, favicon=favicon)]


def test_a_title_that_comes_late_from_the_browser_is_only_for_pages_without_one() -> None:
    tabs = open_tabs("A")
    tabs.described("A", title="newest", favicon=None)
    assert not tabs.told("A", {"title": "older", "url": "https://A.example/"})
    tabs.told("A", {"title": "", "url": "https://A.example/hangs"})
    assert tabs.told("A", {"title": "from the browser", "url": "https://A.example/hangs"})
    assert next(iter(tabs)).title == "from the browser"


def test_who_is_not_there_changes_nothing() -> None:
    tabs = open_tabs("A")
    assert not tabs.closed("X")
    assert not tabs.told("X", {"url": "about:blank"})
    assert not tabs.looked_at("X", visible=True, focused=True)
    assert not tabs.described("X", title="x", favicon=None)
    assert not tabs.in_front(["X"])
    assert [tab.id for tab in tabs] == ["A"]


def test_what_is_told_is_cut_and_can_be_sent_on() -> None:
    tabs = BrowserTabs()
    tabs.opened("A", {"title": "\ud83d" * 5000, "url": "x" * 50_000})
    [tab] = tabs
    assert tab.title == "\ufffd" * LONGEST_TITLE
    assert tab.url == "x" * LONGEST_URL
    tabs.described("A", title="x" * (LONGEST_TITLE - 1) + "\ud83d\ude00", favicon="y" * 50_000)
    [tab] = tabs
    assert tab.title == "x" * (LONGEST_TITLE - 1) + "\ufffd"
    assert tab.favicon == "y" * LONGEST_URL


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2)
INFOS = st.dictionaries(st.sampled_from(["title", "url", "type"]), VALUES)
IDS = st.sampled_from("ABC")
STEPS = st.one_of(
    st.tuples(st.sampled_from(["opened", "told"]), IDS, INFOS),
    st.tuples(st.just("closed"), IDS, st.none()),
    st.tuples(st.just("looked_at"), IDS, st.fixed_dictionaries({"visible": st.booleans(), "focused": st.booleans()})),
    st.tuples(st.just("in_front"), st.sets(IDS), st.none()),
)


@given(st.lists(STEPS))
def test_whatever_happens_the_method_says_whether_the_picture_changed(steps: list[Any]) -> None:
    tabs, open_now = BrowserTabs(), set()
    for name, subject, details in steps:
        before = list(tabs)
        arguments = {"told": (details,), "opened": (details,)}.get(name, ())
        changed = getattr(tabs, name)(subject, *arguments, **(details if name == "looked_at" else {}))
        after = list(tabs)
        if name == "opened":
            open_now.add(subject)
            assert changed
        elif name == "closed":
            open_now.discard(subject)
        assert changed or before == after
        assert {tab.id for tab in after} == open_now
        assert sum(tab.active for tab in after) == bool(open_now)
