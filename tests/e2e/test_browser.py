"""The main ways through the site in a real browser: by mouse, by keyboard, on a small screen, in the dark, by axe."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.e2e.windows import Site, Visit, Visitor

# The mark has the database made; what the tests read was written by `site`, and they write through the site alone.
pytestmark = [pytest.mark.browser, pytest.mark.django_db]

OPEN = [
    "/",
    "/instruments/",
    "/instruments/?technique=confocal_microscopy&city=lexington",
    "/instruments/?q=microscopy&view=map",
    "/instruments/?q=nothing+of+the+kind",
    "/instruments/compare/",
    "/reach/",
    "instrument",
    "/organisations/",
    "organisation",
    "/facilities/",
    "facility",
    "/cities/",
    "/cities/lexington/",
    "/zones/",
    "/zones/bluegrass-park/",
    "/techniques/",
    "/figures/",
    "/sources/synthetic/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
]
SIGNED_IN = [
    "/account/",
    "/searches/",
    "/instruments/new/",
    "/instruments/import/",
    "instrument edit/",
    "instrument history/",
    "organisation people/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
]
FAILING = ("serious", "critical")


def path_of(site: Site, page: str) -> str:
    """A page's address; a word stands for the record of that kind."""
    if page.startswith("/"):
        return page
    kind, _space, rest = page.partition(" ")
    return site.paths[kind] + rest


def go(window: Visit, page: str) -> None:
    answer = window.open(path_of(window.site, page))
    assert answer.status == 200, f"{page} answered {answer.status}"


def violations(window: Visit) -> list[str]:
    """What axe finds serious or critical on the page, each with where it stands."""
    found = Axe().run(window.page).response["violations"]
    return [
        f"{window.path}: {one['id']} ({one['impact']}): {'; '.join(node['html'][:160] for node in one['nodes'][:3])}"
        for one in found
        if one["impact"] in FAILING
    ]


# Ways through ---------------------------------------------------------------------------------------------------
def test_newcomer_finds_an_instrument_and_reads_it_in_both_languages(visit: Visitor) -> None:
    window = visit()
    page = window.page
    go(window, "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("One region, one laboratory")
    page.get_by_role("link", name="Look for an instrument").click()
    assert window.path == "/instruments/"
    page.locator("#results tbody th a").first.click()
    read = window.path
    assert re.fullmatch(r"/instruments/ins_tz\w+/", read)
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert window.path == read
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("[\u4e00-\u9fff]"))
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert window.path == read


def test_switching_the_language_keeps_filters(visit: Visitor) -> None:
    window = visit()
    go(window, "/instruments/?city=louisville&access=booking")
    window.page.get_by_role("link", name="中文").click()
    expect(window.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert window.path == "/instruments/?city=louisville&access=booking"
    chosen = window.page.locator("nav.facets a[aria-current]")
    assert chosen.count() == 2
    assert chosen.first.get_attribute("href").startswith("?")


def test_keyboard_alone_searches_as_one_types_and_opens_the_first_result(visit: Visitor) -> None:
    window = visit()
    page = window.page
    go(window, "/instruments/")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    expect(page.locator("a.skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#id_q")).to_be_focused()  # the menu is skipped
    before = page.locator("#results [role=status]").inner_text()
    page.keyboard.type("Louisville")
    expect(page.locator("#results [role=status]")).not_to_have_text(before)
    expect(page).to_have_url(re.compile(r"[?&]q=Louisville"))
    expect(page.locator("#id_q")).to_be_focused()  # results change, the place to type stays
    expect(page.locator("#results tbody td a[href^='/cities/']").first).to_have_text("Louisville")
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#results tbody th a')"):
            break
    wanted = page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/instruments/ins_"))
    assert window.path == wanted


def test_filter_narrows_list_and_counts_and_stays_when_one_types_on(visit: Visitor) -> None:
    window = visit()
    page = window.page
    go(window, "/instruments/")
    page.locator("nav.facets").get_by_role("link", name="Louisville").click()
    expect(page).to_have_url(re.compile(r"city=louisville"))
    expect(page.locator("nav.facets a[aria-current]")).to_have_text("Louisville")
    assert set(page.locator("#results tbody td a[href^='/cities/']").all_inner_texts()) == {"Louisville"}
    before = page.locator("#results [role=status]").inner_text()
    page.locator("#id_q").press_sequentially("microscop")
    expect(page.locator("#results [role=status]")).not_to_have_text(before)
    expect(page).to_have_url(re.compile(r"city=louisville"))
    assert set(page.locator("#results tbody td a[href^='/cities/']").all_inner_texts()) <= {"Louisville"}


def test_search_filters_and_map_work_without_javascript(visit: Visitor) -> None:
    window = visit(java_script_enabled=False)
    page = window.page
    go(window, "/instruments/")
    page.locator("nav.facets").get_by_role("link", name="Louisville").click()
    assert "city=louisville" in window.path
    assert set(page.locator("#results tbody td a[href^='/cities/']").all_inner_texts()) == {"Louisville"}
    page.locator("#id_q").fill("microscopy")
    page.get_by_role("main").get_by_role("button", name="Find").click()
    assert "q=microscopy" in window.path
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.locator("svg.map a").first).to_be_visible()


def test_two_instruments_stand_side_by_side(visit: Visitor) -> None:
    window = visit()
    page = window.page
    go(window, "/instruments/")
    boxes = page.locator("#results input[name=pick]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Compare those ticked").click()
    page.wait_for_url(re.compile(r"/instruments/compare/\?"))
    expect(page.locator("table.compare thead th")).to_have_count(3)
    page.get_by_role("link", name="leave out").first.click()
    expect(page.locator("table.compare thead th")).to_have_count(2)


def test_manager_adds_an_instrument_mends_what_is_refused_and_sees_the_history(visit: Visitor, site: Site) -> None:
    window = visit()
    page = window.page
    go(window, "/instruments/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill(site.manager)
    page.get_by_label("Password", exact=False).first.fill(site.password)
    page.get_by_role("main").get_by_role("button", name="Sign In").click()
    page.wait_for_url("**/instruments/")
    page.get_by_role("link", name="Add an instrument").click()
    page.locator("#id_value").fill("-3")
    page.locator("#id_currency").fill("USD")
    page.locator("#id_lat").fill("95")
    page.locator("#id_lon").fill("2")
    page.get_by_role("button", name="Save").click()
    refused = page.get_by_role("alert")
    expect(refused.get_by_role("listitem")).to_have_count(3)
    expect(refused).to_contain_text("The instrument has no name. Give it one in Chinese or English.")
    expect(refused).to_contain_text("The value is negative. Give what the instrument cost.")
    expect(refused).to_contain_text("Latitude 95.0, longitude 2.0 is not on the earth. Are they swapped?")
    refused.get_by_role("link").first.click()
    expect(page.locator("#id_name_en")).to_be_in_viewport()
    assert page.locator("#id_value").input_value() == "-3"
    page.locator("#id_name_en").fill("Analytical balance")
    page.locator("#id_value").fill("12500")
    page.locator("#id_lat").fill("38.03")
    page.locator("#id_lon").fill("-84.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The instrument is in the record.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Analytical balance")
    expect(page.get_by_text("USD 12,500", exact=True)).to_be_visible()
    page.get_by_role("link", name="Who changed what").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Mina Manager")
    expect(rows.first).to_contain_text("Analytical balance")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_second_factor_page_shows_its_code(visit: Visitor, site: Site) -> None:
    window = visit(email=site.operator)
    go(window, "/accounts/reauthenticate/?next=/accounts/2fa/totp/activate/")
    window.page.locator("#id_password").fill(site.password)
    window.page.get_by_role("main").get_by_role("button").first.click()
    window.page.wait_for_url("**/totp/activate/")
    picture = window.page.get_by_role("main").locator("img").first
    assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
    assert violations(window) == []


@pytest.mark.filterwarnings("ignore")  # raised in the provider's thread
def test_sign_in_through_a_provider_passes_the_browser_s_policy(visit: Visitor, site: Site, settings: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the provider's libraries announce their own deprecations
        import oidc_provider_mock
    lin = oidc_provider_mock.User(
        sub="lin", claims={"email": "lin@example.org", "email_verified": True, "name": "Lin Yi"}
    )
    with oidc_provider_mock.run_server_in_thread(user_claims=[lin]) as server:
        provider = f"http://localhost:{server.server_port}"
        app = {"provider_id": "sso", "name": "Campus card", "client_id": "headwater", "secret": "quite-secret"}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [{**app, "settings": {"server_url": provider}}]}
        }
        policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**policy, "form-action": ["'self'", provider]}}
        window = visit(may_ask=(f"localhost:{server.server_port}",))
        go(window, "/accounts/login/?next=/zones/")
        window.page.get_by_role("link", name="Campus card").click()
        window.page.get_by_role("main").get_by_role("button").first.click()
        window.page.wait_for_url(f"{provider}/**")
        window.page.get_by_role("button", name="lin").click()
        window.page.wait_for_url(f"{site.url}/zones/")
        expect(window.page.get_by_role("banner").get_by_role("link", name="Lin Yi")).to_be_visible()


def test_api_page_lists_the_operations(visit: Visitor) -> None:
    window = visit()
    go(window, "/api/docs")
    expect(window.page.get_by_text("List instruments")).to_be_visible()


# How pages look -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_page_scrolls_sideways_on_a_small_screen(visit: Visitor, site: Site, language: str) -> None:
    wide = []
    for email, pages in (("", OPEN), (site.operator, SIGNED_IN)):
        window = visit(email=email, viewport={"width": 360, "height": 740})
        window.page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        for page in pages:
            go(window, page)
            have = window.page.evaluate("document.documentElement.scrollWidth")
            if have > 360:
                wide.append(f"{page}: {have} px")
    assert wide == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_axe_finds_nothing_serious(visit: Visitor, site: Site, language: str) -> None:
    found = []
    for email, pages in (("", OPEN), (site.operator, SIGNED_IN)):
        window = visit(email=email)
        window.page.context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
        for page in pages:
            go(window, page)
            assert window.language == ("zh-Hans" if language == "zh-hans" else "en")
            found += violations(window)
    assert found == []


LIGHT = """property => {
  for (const one of [document.body, document.documentElement]) {
    const [red, green, blue, opaque = 1] = getComputedStyle(one)[property].match(/[\\d.]+/g).map(Number)
    if (opaque) return (red + green + blue) / 765
  }
  return 1
}"""


def test_dark_mode_is_dark_and_readable(visit: Visitor) -> None:
    found = []
    window = visit(color_scheme="dark")
    for page in ("/", "/instruments/", "instrument", "/figures/", "/accounts/login/"):
        go(window, page)
        assert window.page.evaluate(LIGHT, "backgroundColor") < 0.25
        assert window.page.evaluate(LIGHT, "color") > 0.7
        found += violations(window)
    assert found == []
    light = visit(color_scheme="light")
    go(light, "/")
    assert light.page.evaluate(LIGHT, "backgroundColor") > 0.9
