"""The background worker as the fault test runs it: mails go to the test's own server, a dead worker is seen at once.

python -m tests.accounts.mail_worker PORT
"""

from __future__ import annotations

import os
import sys


def main(port: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "headwater.site.settings"
    from django.conf import settings

    from headwater.site import jobs
    from headwater.site.cli import with_django

    with_django()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 20
    jobs.SILENT_S = 2
    jobs.run(concurrency=2, patience_s=5)


if __name__ == "__main__":
    main(int(sys.argv[1]))
