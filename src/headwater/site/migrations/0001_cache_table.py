"""The table of the shared cache, in which sign-in throttling counts."""

from django.core.management import call_command
from django.db import migrations


def make(_apps, _schema_editor):
    call_command("createcachetable", verbosity=0)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunPython(make, migrations.RunPython.noop),
    ]
