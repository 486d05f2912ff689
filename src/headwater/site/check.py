"""Does the main job without a screen, step by step, through the running site; each part adds its steps."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from headwater.site.demo_people import DemoPerson

WAIT_S = 60
Step = tuple[str, Callable[["Visit"], str]]


class Failed(Exception):
    """A step saw something else than it should."""


@dataclass(slots=True)
class Visit:
    """A browser without a screen: one session at one address."""

    address: str
    people: Sequence[DemoPerson]
    session: requests.Session = field(default_factory=requests.Session)
    seen: dict[str, str] = field(default_factory=dict)
    kept: dict[str, requests.Session] = field(default_factory=dict)

    def get(self, path: str, *, status: int = 200, language: str = "en", token: str = "") -> requests.Response:
        """Read a page or an API address; another status than ``status`` fails the step."""
        headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {token}"} if token else {})
        return self._expect(self.session.get(self.address + path, headers=headers, timeout=WAIT_S), status)

    def send(self, method: str, path: str, body: object, *, status: int, token: str) -> requests.Response:
        """Write through the API."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.session.request(method, self.address + path, json=body, headers=headers, timeout=WAIT_S)
        return self._expect(answer, status)

    def submit(self, path: str, values: dict[str, object], *, status: int = 200, form: str = "") -> requests.Response:
        """Fill in the form that stands on the page ``form`` (else ``path``) and send it with its hidden token."""
        page = self.get(form or path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        if token is None:
            raise Failed(f"{path} shows no form.")
        data = {**values, "csrfmiddlewaretoken": token[1]}
        answer = self.session.post(
            self.address + path, data=data, headers={"Referer": self.address + (form or path)}, timeout=WAIT_S
        )
        return self._expect(answer, status)

    def sign_in(self, key: str) -> DemoPerson:
        """Go on as the demo's person whose address begins with ``key``, in a session of her own that is kept.

        She signs in once: the site lets nobody sign in many times a minute.
        """
        person = next(one for one in self.people if one.email.startswith(f"{key}@"))
        kept = self.kept.get(person.email)
        if kept is not None and "sessionid" in kept.cookies:
            self.session = kept
            return person
        self.session = self.kept[person.email] = requests.Session()
        self.submit("/accounts/login/", {"login": person.email, "password": person.password})
        if "sessionid" not in self.session.cookies:
            raise Failed(f"{person.email} could not sign in.")
        return person

    def _expect(self, answer: requests.Response, status: int) -> requests.Response:
        if answer.status_code != status:
            said = unescape(re.sub(r"<[^>]+>|\s+", " ", answer.text))[:300]
            raise Failed(f"{answer.request.method} {answer.url} answered {answer.status_code}, not {status}: {said}")
        return answer


def need(condition: object, otherwise: str) -> None:
    """Fail the step unless ``condition`` holds."""
    if not condition:
        raise Failed(otherwise)


def steps() -> list[Step]:
    """Every part's steps, in the order of the main job."""
    from headwater.booking import check as booking
    from headwater.catalogue import check as catalogue
    from headwater.observatory import check as observatory
    from headwater.partnering import check as partnering
    from headwater.registry import check as registry
    from headwater.support import check as support
    from headwater.useroffice import check as useroffice

    return [
        *registry.STEPS,
        *catalogue.STEPS,
        *booking.STEPS,
        *support.STEPS,
        *useroffice.STEPS,
        *partnering.STEPS,
        *observatory.STEPS,
    ]


def main(address: str, people: Sequence[DemoPerson], say: Callable[[str], None]) -> int:
    """Do every step; 0 when all went well, else 1 with the step that failed."""
    visit = Visit(address.rstrip("/"), people)
    for number, (title, step) in enumerate(steps(), 1):
        begun = time.perf_counter()
        try:
            seen = step(visit)
        except (Failed, requests.RequestException, KeyError, IndexError, ValueError) as error:
            say(f"{number}. {title}: FAILED\n   {error}")
            return 1
        say(f"{number}. {title}: {seen} ({time.perf_counter() - begun:.1f} s)")
    say("All steps went well.")
    return 0
