"""Free time in a real browser: drawn with the mouse, taken by keyboard alone, in the week and by way of the month."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.windows import Site, Visit, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db]


def monday(weeks: int) -> str:
    today = datetime.now(UTC).date()
    return str(today - timedelta(days=today.weekday()) + timedelta(weeks=weeks))


def open_week(window: Visit, day: str) -> Page:
    assert window.open(f"{window.site.paths['bookable']}calendar/?week={day}").status == 200
    return window.page


def free(page: Page, day: str, clock: str) -> Locator:
    """The free cell that begins at a clock time of a day."""
    return page.locator("td.free a[data-start]").filter(has_text=f"{day} {clock}")


def books(page: Page, start: str, end: str) -> None:
    """The booking form is open and holds the span."""
    page.wait_for_url(re.compile("/book/"))
    assert (page.locator("#id_start").input_value(), page.locator("#id_end").input_value()) == (start, end)


def shows_mine(window: Visit, day: str, clocks: str, words: str) -> None:
    page = open_week(window, day)
    mine = page.locator("td.mine").filter(has_text=clocks)
    expect(mine).to_have_count(1)
    expect(mine).to_contain_text(words)


def tab_to(page: Page, what: str, *, most: int = 120) -> None:
    """Go on by Tab until what has the focus fits a selector."""
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
    raise AssertionError(f"{what} can't be reached by keyboard")


@pytest.mark.parametrize(
    ("weeks", "language", "yours"), [(1, "en", "yours: confirmed"), (2, "zh-hans", "您的预约：已确认")]
)
def test_time_drawn_with_the_mouse_is_booked(visit: Visitor, site: Site, weeks: int, language: str, yours: str) -> None:
    window, day = visit(email=site.manager), monday(weeks)
    window.open(f"/?lang={language}")
    page = open_week(window, day)
    free(page, day, "09:00").hover()
    page.mouse.down()
    for clock in ("09:30", "10:00", "10:30"):
        free(page, day, clock).hover()
    expect(page.locator("td.free a.chosen")).to_have_count(4)
    page.mouse.up()
    books(page, f"{day}T09:00", f"{day}T11:00")
    page.locator("main form[hx-get] button[type=submit]").click()
    page.wait_for_url(re.compile("/bookings/res_"))
    shows_mine(window, day, "09:00–11:00", yours)


def test_drawing_stops_at_taken_time(visit: Visitor, site: Site) -> None:
    window, day = visit(email=site.manager), monday(3)
    page = open_week(window, day)
    free(page, day, "10:00").click()
    books(page, f"{day}T10:00", f"{day}T10:30")
    page.locator("main form[hx-get] button[type=submit]").click()
    page.wait_for_url(re.compile("/bookings/res_"))
    page = open_week(window, day)
    free(page, day, "09:00").hover()
    page.mouse.down()
    free(page, day, "09:30").hover()
    free(page, day, "11:00").hover()
    expect(page.locator("td.free a.chosen")).to_have_count(2)
    page.mouse.up()
    books(page, f"{day}T09:00", f"{day}T10:00")


def test_time_is_found_by_month_and_booked_by_keyboard_alone(visit: Visitor, site: Site) -> None:
    """No mouse at all: from the week to the month, to a day of it, over free cells by arrows, through the form."""
    window, day = visit(email=site.manager), monday(4)
    window.open("/?lang=en")
    page = open_week(window, day)
    tab_to(page, f'a[href="?month={day}"]')
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("month="))
    expect(page.locator("table.month td.free").first).to_be_visible()
    tab_to(page, f'a[href="?week={day}"]')
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"week={day}"))
    tab_to(page, "td.free a[data-start]")
    page.keyboard.press("ArrowRight")  # the same time on the next day
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("td.free a.chosen")).to_have_count(3)
    following = str(date.fromisoformat(day) + timedelta(days=1))
    page.keyboard.press("Enter")
    books(page, f"{following}T08:30", f"{following}T10:00")
    tab_to(page, "main form[hx-get] button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/bookings/res_"))
    shows_mine(window, day, "08:30–10:00", "yours: confirmed")
