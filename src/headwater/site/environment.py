"""Settings from the environment: each with its name, default and meaning, all in this one table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable that an operator may set."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("HEADWATER_MODE", "demo", "`demo` on one's own machine, `production` for real users."),
    Setting("HEADWATER_HOME", "./var", "The data folder: embedded database, logs, uploads, collected static files."),
    Setting(
        "DATABASE_URL",
        "",
        "A PostgreSQL 14 or newer, e.g. `postgresql://user:password@host/name`. Empty: the embedded server.",
    ),
    Setting(
        "HEADWATER_SECRET_KEY",
        "",
        "Signs sessions and tokens; 50 characters or more. Empty in demo mode: made once, kept in the data folder.",
    ),
    Setting("HEADWATER_HOSTS", "localhost,127.0.0.1,[::1]", "Host names that may be asked for, joined by commas."),
    Setting(
        "HEADWATER_BASE_URL",
        "",
        "The public address, e.g. `https://lab.example.org`; used in mails, exports and sign-in redirects.",
    ),
    Setting(
        "HEADWATER_BIND",
        "127.0.0.1:8000",
        "Address and port of the web server. In demo mode the next free port is taken.",
    ),
    Setting("HEADWATER_WEB_PROCESSES", "2", "Web server processes."),
    Setting("HEADWATER_REGION", "yrd", "The region that `headwater demo` loads: a shipped one's code or a folder."),
    Setting(
        "HEADWATER_NODE",
        "",
        "This node's short prefix inside public ids, 2-8 small letters or digits. Empty: the region's.",
    ),
    Setting(
        "HEADWATER_EMAIL_URL",
        "",
        "`smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`. Empty: mails are written to the data folder.",
    ),
    Setting("HEADWATER_EMAIL_FROM", "Headwater <headwater@localhost>", "The sender of mails."),
    Setting(
        "HEADWATER_INTERLOCK_HOSTS",
        "",
        "Hosts on which devices that lock instruments may be told of starts and stops, joined by commas. Empty: none.",
    ),
    Setting("HEADWATER_OIDC_ISSUER", "", "Sign-in through an OpenID Connect provider: its issuer address."),
    Setting("HEADWATER_OIDC_CLIENT_ID", "", "The client id registered with that provider."),
    Setting("HEADWATER_OIDC_CLIENT_SECRET", "", "The client secret registered with that provider."),
    Setting("HEADWATER_OIDC_NAME", "OpenID Connect", "What the sign-in button calls that provider."),
    Setting("HEADWATER_TRUSTED_PROXY", "no", "`yes` where a reverse proxy sets X-Forwarded-Proto and X-Forwarded-For."),
    Setting("HEADWATER_LOG_FORMAT", "", "`json` or `text`. Empty: json in production, text in demo mode."),
    Setting("HEADWATER_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting(
        "HEADWATER_METRICS_TOKEN", "", "Bearer token that `/metrics` asks for. Empty: answered to this machine alone."
    ),
)
DEFAULTS = {setting.name: setting.default for setting in SETTINGS}

DEMO, PRODUCTION = "demo", "production"


class UnsafeSettings(Exception):
    """Settings that must not serve real users, each with what to do."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__(
            "Headwater does not start with these settings:\n" + "\n".join(f"  - {one}" for one in problems)
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings in force."""

    values: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    @property
    def mode(self) -> str:
        return self.values["HEADWATER_MODE"]

    @property
    def production(self) -> bool:
        return self.mode == PRODUCTION

    @property
    def home(self) -> Path:
        return Path(self.values["HEADWATER_HOME"]).expanduser().resolve()

    @property
    def hosts(self) -> list[str]:
        return [host.strip() for host in self.values["HEADWATER_HOSTS"].split(",") if host.strip()]

    @property
    def trusted_proxy(self) -> bool:
        return self.values["HEADWATER_TRUSTED_PROXY"] == "yes"

    @property
    def json_logs(self) -> bool:
        return (self.values["HEADWATER_LOG_FORMAT"] or ("json" if self.production else "text")) == "json"

    @property
    def oidc(self) -> bool:
        return bool(self.values["HEADWATER_OIDC_ISSUER"])

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the settings: always for malformed values, and in production for unsafe ones."""
        found = []
        if self.mode not in (DEMO, PRODUCTION):
            found.append(f"HEADWATER_MODE is {self.mode!r}; set it to demo or production.")
        if self.values["HEADWATER_TRUSTED_PROXY"] not in ("yes", "no"):
            found.append("HEADWATER_TRUSTED_PROXY must be yes or no.")
        if self.values["HEADWATER_LOG_FORMAT"] not in ("", "json", "text"):
            found.append("HEADWATER_LOG_FORMAT must be json or text.")
        if self.values["HEADWATER_LOG_LEVEL"] not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            found.append("HEADWATER_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
        if not self.values["HEADWATER_WEB_PROCESSES"].isdigit() or self.values["HEADWATER_WEB_PROCESSES"] == "0":
            found.append("HEADWATER_WEB_PROCESSES must be a whole number from 1.")
        node = self.values["HEADWATER_NODE"]
        if node and not (2 <= len(node) <= 8 and node.isascii() and node.isalnum() and node == node.lower()):
            found.append(f"HEADWATER_NODE is {node!r}; use 2 to 8 small letters or digits.")
        oidc_parts = [self.values[f"HEADWATER_OIDC_{part}"] for part in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")]
        if any(oidc_parts) and not all(oidc_parts):
            found.append("OpenID Connect needs HEADWATER_OIDC_ISSUER, _CLIENT_ID and _CLIENT_SECRET together.")
        if self.production:
            found.extend(self._unsafe())
        return tuple(found)

    def _unsafe(self) -> list[str]:
        found = []
        if len(self.values["HEADWATER_SECRET_KEY"]) < 50:
            found.append(
                "HEADWATER_SECRET_KEY has fewer than 50 characters; make one with "
                "`python3 -c 'import secrets; print(secrets.token_urlsafe(64))'` and keep it secret."
            )
        if self.values["HEADWATER_HOSTS"] == DEFAULTS["HEADWATER_HOSTS"]:
            found.append("HEADWATER_HOSTS is not set; name the host that users type.")
        if any(host == "*" or host.startswith(".") for host in self.hosts) or not self.hosts:
            found.append("HEADWATER_HOSTS must name each host; `*` and leading dots let others' names in.")
        if not self.values["HEADWATER_BASE_URL"].startswith("https://"):
            found.append("HEADWATER_BASE_URL must begin with https://, or passwords travel in the clear.")
        if not self.values["DATABASE_URL"]:
            found.append(
                "DATABASE_URL is empty; the embedded server is for one machine, give a PostgreSQL of your own."
            )
        if not self.values["HEADWATER_EMAIL_URL"]:
            found.append("HEADWATER_EMAIL_URL is empty; people could not confirm an address or reset a password.")
        if self.oidc and not self.values["HEADWATER_OIDC_ISSUER"].startswith("https://"):
            found.append("HEADWATER_OIDC_ISSUER must begin with https://.")
        return found


def read(environ: Mapping[str, str] | None = None) -> Environment:
    """Read the settings, defaults filled in. Nothing is checked yet: see `Environment.problems`."""
    given = os.environ if environ is None else environ
    return Environment({name: given.get(name, default) for name, default in DEFAULTS.items()})
