"""When names show, what the committee says, and where a plan was made from; remarks are kept as they were said."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CARRY = "UPDATE useroffice_call SET names_shown = 'decision' WHERE anonymous;"
CARRY_BACK = "UPDATE useroffice_call SET anonymous = (names_shown <> 'always');"
KEPT = (
    "CREATE TRIGGER kept_for_ever BEFORE UPDATE OR DELETE ON useroffice_remark FOR EACH ROW "
    "EXECUTE FUNCTION useroffice_kept_for_ever();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0001_initial"),
        ("useroffice", "0002_kept_for_ever"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Remark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("text", models.TextField()),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="call",
            name="names_shown",
            field=models.CharField(
                choices=[
                    ("always", "at all times"),
                    ("own_review", "to a reviewer once her own review is in, to the panel once it has the proposals"),
                    ("panel", "once the panel has the proposals"),
                    ("decision", "after the decision"),
                ],
                default="always",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="reviewers_shown",
            field=models.CharField(
                choices=[
                    ("office", "the user office alone"),
                    ("committee", "the panel and the other reviewers too"),
                    ("proposers", "the proposers too, once they are told"),
                ],
                default="office",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="panelmember",
            name="expertise",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="scenario",
            name="made_from",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="useroffice.scenario"
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(("names_shown__in", ["always", "own_review", "panel", "decision"])),
                name="call_names_shown_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(("reviewers_shown__in", ["office", "committee", "proposers"])),
                name="call_reviewers_shown_known",
            ),
        ),
        migrations.AddField(
            model_name="remark",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="remark",
            name="proposal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="remarks", to="useroffice.proposal"
            ),
        ),
        migrations.AddConstraint(
            model_name="remark",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="remark_says_something"
            ),
        ),
        migrations.RunSQL(CARRY, CARRY_BACK),
        migrations.RemoveField(
            model_name="call",
            name="anonymous",
        ),
        migrations.RunSQL(KEPT, "DROP TRIGGER kept_for_ever ON useroffice_remark;"),
    ]
