"""The running site and a browser's window on it, as the browser tests hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, Response


@dataclass(frozen=True, slots=True)
class Site:
    """The running site: its address, a record of each kind, and its sign-ins."""

    url: str
    paths: dict[str, str]
    manager: str
    operator: str
    password: str
    sessions: dict[str, str]


@dataclass(slots=True)
class Visit:
    """A page in the browser, and all that it complained of."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Response:
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        return answer

    @property
    def path(self) -> str:
        parts = urlsplit(self.page.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def language(self) -> str | None:
        return self.page.locator("html").get_attribute("lang")


Visitor = Callable[..., Visit]
