"""The mail worker is killed while it sends: no mail is lost, and none is another mail for a mail program.

A real worker process, a real mail server on a socket. A worker killed before the server took a mail sends it again: it
arrives once. A worker killed in the instant between the server's yes and its writing that down sends it again with the
same Message-ID, by which mail programs show it once; that instant can't be closed by anybody who speaks SMTP.
"""

from __future__ import annotations

import email
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from tests.factories import make_user

from headwater.accounts import notices
from headwater.accounts.actions.notices import tell
from headwater.accounts.models import Notice

ROOT = Path(__file__).resolve().parents[2]
MAILS = 12
CODE = "booking.approved"
FACTS = {"instrument": "An instrument", "start": "9:00", "end": "10:00"}


class Session(socketserver.StreamRequestHandler):
    """One conversation in SMTP, as much of it as Django speaks."""

    def handle(self):
        self.say("220 test")
        while line := self.rfile.readline():
            word = line.split(maxsplit=1)[0].upper() if line.strip() else b""
            if word == b"DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                if not self.server.takes(email.message_from_bytes(b"".join(lines))):
                    return
                self.say("250 taken")
                self.server.taken_one()
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 test")

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.taken, self.lock, self.worker = [], threading.Lock(), None
        self.offered, self.kill_before, self.kill_after = 0, {4}, {9}

    def takes(self, mail) -> bool:
        """Whether the mail is taken; at some the worker is killed first, and it is not."""
        with self.lock:
            self.offered += 1
            if self.offered in self.kill_before:
                self.kill()
                return False
            self.taken.append(mail)
            return True

    def taken_one(self):
        with self.lock:
            if len(self.taken) in self.kill_after:
                self.kill_after.discard(len(self.taken))
                self.kill()

    def kill(self):
        os.kill(self.worker.pid, signal.SIGKILL)


@pytest.fixture
def server():
    served = MailServer()
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def start(server: MailServer) -> subprocess.Popen:
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}@/{parts['NAME']}?host={parts['HOST']}"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.accounts.mail_worker", str(server.server_address[1])]
    server.worker = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    return server.worker


@pytest.mark.django_db(transaction=True)
def test_mail_worker_killed_while_it_sends_loses_no_mail_and_makes_no_second_one(server):
    assert CODE in notices.NOTICES
    for number in range(MAILS):
        tell(make_user(), CODE, FACTS, path="/bookings/", at=timezone.now(), key=f"fault:{number}")
    worker, killed, deadline = start(server), 0, time.monotonic() + 150
    try:
        while Notice.objects.filter(mail="due").exists():
            assert time.monotonic() < deadline, Counter(Notice.objects.values_list("mail", flat=True))
            if worker.poll() is not None:
                killed += 1
                worker = start(server)
            time.sleep(0.2)
    finally:
        worker.kill()
        worker.wait()
    assert killed == 2
    assert set(Notice.objects.values_list("mail", flat=True)) == {"sent"}
    seen = Counter(mail["Message-ID"] for mail in server.taken)
    assert len(seen) == MAILS
    assert {mail["To"] for mail in server.taken} == set(Notice.objects.values_list("user__email", flat=True))
    # Only mails in the hands of the worker that was killed after the server's yes may have come again: it had two.
    assert sum(seen.values()) - MAILS <= 2
