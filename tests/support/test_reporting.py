"""Reports in the platforms' shapes: checked, sent to a real server, resumed, each version once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree as Tree

import pytest
from tests.factories import make_source
from tests.support.records import NOW, World, make_world

from headwater.accounts.audit import SYSTEM
from headwater.core.decision import Refused
from headwater.registry.models import ClassCode
from headwater.support.actions.orders import place_order
from headwater.support.actions.reporting import make_report, send_report
from headwater.support.actions.usage import Usage, use_order
from headwater.support.models import ReportItem
from headwater.support.platforms import PLATFORMS
from headwater.support.queries import counts_of

pytestmark = pytest.mark.django_db


class Platform(ThreadingHTTPServer):
    """A platform that keeps each key once, answers with its codes, and may fall silent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kept: dict[str, bytes] = {}
        self.calls = 0
        self.silent_after = 10**9
        self.refuse = b"\x00"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Platform

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls += 1
        if self.path == "/login":
            given = json.loads(body)
            self._answer(200, json.dumps({"token": "t1"} if given["password"] == "secret" else {}).encode())
            return
        if len(self.server.kept) >= self.server.silent_after:
            self._answer(503, b"")
            return
        refused = self.server.refuse in body
        if not refused:
            self.server.kept[self.headers["Idempotency-Key"]] = body
        if self.headers["Content-Type"].startswith("text/xml"):
            Tree.fromstring(body)
            code = "101" if refused else "100"
            self._answer(
                200, f"<r><code>{code}</code><message>{'bad data' if refused else 'ok'}</message></r>".encode()
            )
        elif self.path.startswith(("/instruments", "/records")):
            code = "500" if refused or self.headers["token"] != "t1" else "200"
            self._answer(200, json.dumps({"results": [{"code": code}]}).encode())
        else:
            self._answer(200, json.dumps({"code": 1 if refused else 0}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def platform() -> Iterator[Platform]:
    server = Platform()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def world() -> World:
    found = make_world()
    code = ClassCode.objects.create(
        vocabulary="cn", version="1", code="0101", name_en="Electron optics", source=make_source()
    )
    found.instrument.class_code = code
    found.instrument.contact_name = "Li"
    found.instrument.save()
    for _number in range(2):
        order = place_order(found.wanted("4"), found.party(found.engineer), by=found.by, at=NOW)
        use_order(
            order.subject,
            Usage(NOW, NOW + timedelta(hours=4), Decimal("3.5")),
            by=SYSTEM,
            at=NOW + timedelta(days=1),
        )
    return found


def make(world: World, target: str):
    return make_report(target, world.lab, None, by=SYSTEM, at=NOW)


def send(batch, address: str):
    return send_report(batch.public_id, address, by=SYSTEM, clock=lambda: NOW)


@pytest.mark.parametrize("target", sorted(PLATFORMS))
def test_records_reach_the_platform_in_its_shape_once(world, platform, target):
    address = platform.address.replace("http://", "http://unit:secret@") if target == "zhejiang" else platform.address
    batch = send(make(world, target), address)
    assert (counts_of(batch)["accepted"], len(platform.kept), batch.state) == (3, 3, "done")
    assert "secret" not in batch.receiver
    for item in batch.items.all():
        assert PLATFORMS[target].faults(item.kind, item.payload) == []
        assert set(item.payload) >= {one.name for one in PLATFORMS[target].fields(item.kind) if one.needed}
    assert make(world, target).items.count() == 0  # nothing new, nothing twice
    world.instrument.name_zh = "新名"
    world.instrument.save()
    assert [one.kind for one in make(world, target).items.all()] == ["instrument"]


def test_service_record_says_hours_cost_and_direction(world):
    item = make(world, "nrii").items.filter(kind="service").first()
    got = {name: item.payload[name] for name in ("amounts", "serviceAmount", "serviceType", "startTime")}
    assert got == {"amounts": "1750.00", "serviceAmount": "3.5", "serviceType": "130", "startTime": "2026-03-10 16"}


def test_what_does_not_fit_is_kept_with_its_reasons_and_not_sent(world, platform):
    world.instrument.class_code = None
    world.instrument.name_zh = "仪" * 60
    world.instrument.save()
    batch = send(make(world, "nrii"), platform.address)
    rejected = batch.items.get(state="rejected")
    assert sorted(one["code"] for one in rejected.faults) == ["report.field_missing", "report.field_too_long"]
    assert len(platform.kept) == 2


def test_made_up_instrument_is_not_reported(world):
    world.instrument.source = make_source(kind="synthetic")
    world.instrument.save()
    batch = make(world, "nrii")
    assert {item.faults[0]["code"] for item in batch.items.all()} == {"report.synthetic"}


def test_refused_record_keeps_the_platform_s_code_and_may_be_sent_again(world, platform):
    platform.refuse = b"saveInstrument"
    batch = send(make(world, "nrii"), platform.address)
    item = batch.items.get(state="refused")
    assert (item.code, item.message) == ("101", "bad data")
    assert make(world, "nrii").items.count() == 1


def test_silent_platform_is_told_and_the_next_call_goes_on(world, platform):
    batch = make(world, "nrii")
    platform.silent_after = 1
    with pytest.raises(Refused) as refused:
        send(batch, platform.address)
    assert refused.value.decision.codes == ("report.unreachable",)
    assert counts_of(batch) == {"ready": 2, "rejected": 0, "accepted": 1, "refused": 0}
    platform.silent_after = 10**9
    send(batch, platform.address)
    assert (counts_of(batch)["accepted"], len(platform.kept)) == (3, 3)


def test_record_sent_but_not_written_down_is_known_by_its_key(world, platform):
    batch = make(world, "nrii")
    send(batch, platform.address)
    ReportItem.objects.filter(batch=batch).update(state="ready")  # as if killed before each answer was written
    send(batch, platform.address)
    assert (platform.calls, len(platform.kept)) == (6, 3)


@pytest.mark.parametrize("address", ["", "ftp://x", "http://", "nowhere"])
def test_address_that_is_none_is_refused(world, address):
    with pytest.raises(Refused) as refused:
        send(make(world, "nrii"), address)
    assert refused.value.decision.codes == ("report.receiver_missing",)


def test_unknown_platform_is_refused():
    with pytest.raises(Refused) as refused:
        make_report("moon", None, None, by=SYSTEM, at=NOW)
    assert refused.value.decision.codes == ("report.target_unknown",)
