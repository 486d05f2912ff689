"""Blocks of shifts that several laboratories share; what their columns say is held to their rows by the database."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

SOUND = """
CREATE FUNCTION useroffice_block_sound() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whose bigint;
    held useroffice_block%ROWTYPE;
    shares bigint;
    uses bigint;
BEGIN
    IF TG_TABLE_NAME = 'useroffice_block' THEN
        whose := NEW.id;
    ELSIF TG_TABLE_NAME = 'useroffice_blockmember' THEN
        whose := COALESCE(NEW.block_id, OLD.block_id);
    ELSE
        SELECT block_id INTO whose FROM useroffice_blockmember WHERE id = COALESCE(NEW.member_id, OLD.member_id);
    END IF;
    SELECT * INTO held FROM useroffice_block WHERE id = whose FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT COALESCE(SUM(share), 0), COALESCE(SUM(used), 0) INTO shares, uses
        FROM useroffice_blockmember WHERE block_id = whose;
    IF shares <> held.divided OR uses <> held.used THEN
        RAISE EXCEPTION 'block % divides % and uses %, its members hold % and use %',
            whose, held.divided, held.used, shares, uses USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT 1 FROM useroffice_blockmember AS one WHERE one.block_id = whose AND one.used <> (
            SELECT COALESCE(SUM(part.shifts), 0) FROM useroffice_subproject AS part WHERE part.member_id = one.id
        )
    ) THEN
        RAISE EXCEPTION 'a member of block % uses other than its sub-projects hold', whose
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
"""
HELD = ("useroffice_block", "useroffice_blockmember", "useroffice_subproject")
GUARDS = SOUND + "".join(
    f"CREATE CONSTRAINT TRIGGER block_sound AFTER INSERT OR UPDATE OR DELETE ON {table} "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION useroffice_block_sound();\n"
    for table in HELD
)
NO_GUARDS = "".join(f"DROP TRIGGER block_sound ON {table};\n" for table in HELD)
KEPT = (
    "CREATE TRIGGER kept_for_ever BEFORE UPDATE OR DELETE ON useroffice_blockentry FOR EACH ROW "
    "EXECUTE FUNCTION useroffice_kept_for_ever();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0001_initial"),
        ("useroffice", "0004_form_drafts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Block",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("shifts", models.PositiveIntegerField()),
                ("divided", models.PositiveIntegerField(default=0)),
                ("used", models.PositiveIntegerField(default=0)),
                ("returned", models.PositiveIntegerField(default=0)),
                ("samples_open", models.BooleanField(default=False)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="BlockEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opened", "granted to the block"),
                            ("changed", "block made larger or smaller"),
                            ("divided", "share changed"),
                            ("taken", "taken by a sub-project"),
                            ("given_back", "given back by a sub-project"),
                            ("credited", "lost to the machine and credited"),
                            ("passed", "passed on"),
                            ("returned", "returned to the facility"),
                        ],
                        max_length=10,
                    ),
                ),
                ("shifts", models.IntegerField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="BlockMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("share", models.PositiveIntegerField(default=0)),
                ("used", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="SubProject",
            fields=[
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="part",
                        serialize=False,
                        to="useroffice.proposal",
                    ),
                ),
                ("shifts", models.PositiveIntegerField(default=0)),
                ("wished", models.JSONField(default=list)),
                ("starts_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField(null=True)),
                ("own", models.BooleanField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="call",
            name="call_mode_known",
        ),
        migrations.RemoveConstraint(
            model_name="pastproject",
            name="past_project_mode_known",
        ),
        migrations.AlterField(
            model_name="call",
            name="mode",
            field=models.CharField(
                choices=[
                    ("general", "general, in rounds"),
                    ("rolling", "rolling"),
                    ("urgent", "urgent, evaluated afterwards"),
                    ("key", "key programme"),
                    ("industry", "industry"),
                    ("block", "block allocation group"),
                    ("partner", "partner share"),
                    ("within", "within a block"),
                ],
                max_length=10,
                verbose_name="mode of access",
            ),
        ),
        migrations.AlterField(
            model_name="pastproject",
            name="mode",
            field=models.CharField(
                choices=[
                    ("general", "general, in rounds"),
                    ("rolling", "rolling"),
                    ("urgent", "urgent, evaluated afterwards"),
                    ("key", "key programme"),
                    ("industry", "industry"),
                    ("block", "block allocation group"),
                    ("partner", "partner share"),
                    ("within", "within a block"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mode__in", ["general", "rolling", "urgent", "key", "industry", "block", "partner", "within"])
                ),
                name="call_mode_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="pastproject",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("mode__in", ["general", "rolling", "urgent", "key", "industry", "block", "partner", "within"])
                ),
                name="past_project_mode_known",
            ),
        ),
        migrations.AddField(
            model_name="block",
            name="call",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="block", to="useroffice.call"
            ),
        ),
        migrations.AddField(
            model_name="block",
            name="proposal",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="block", to="useroffice.proposal"
            ),
        ),
        migrations.AddField(
            model_name="blockentry",
            name="block",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="useroffice.block"
            ),
        ),
        migrations.AddField(
            model_name="blockentry",
            name="by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="blockentry",
            name="proposal",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="useroffice.proposal"
            ),
        ),
        migrations.AddField(
            model_name="blockmember",
            name="block",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="members", to="useroffice.block"
            ),
        ),
        migrations.AddField(
            model_name="blockmember",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.organisation"
            ),
        ),
        migrations.AddField(
            model_name="blockmember",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="block_places", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="blockentry",
            name="member",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="useroffice.blockmember"
            ),
        ),
        migrations.AddField(
            model_name="blockentry",
            name="to_member",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="useroffice.blockmember"
            ),
        ),
        migrations.AddField(
            model_name="subproject",
            name="instrument",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.instrument"
            ),
        ),
        migrations.AddField(
            model_name="subproject",
            name="member",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="useroffice.blockmember"
            ),
        ),
        migrations.AddConstraint(
            model_name="block",
            constraint=models.CheckConstraint(
                condition=models.Q(("divided__lte", models.F("shifts"))), name="block_divides_what_it_has"
            ),
        ),
        migrations.AddConstraint(
            model_name="block",
            constraint=models.CheckConstraint(
                condition=models.Q(("used__lte", models.F("shifts"))), name="block_uses_what_it_has"
            ),
        ),
        migrations.AddConstraint(
            model_name="blockmember",
            constraint=models.UniqueConstraint(fields=("block", "name"), name="block_member_once"),
        ),
        migrations.AddConstraint(
            model_name="blockmember",
            constraint=models.CheckConstraint(
                condition=models.Q(("used__lte", models.F("share"))), name="block_member_uses_its_share"
            ),
        ),
        migrations.AddConstraint(
            model_name="blockmember",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="block_member_named"
            ),
        ),
        migrations.AddConstraint(
            model_name="blockentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["opened", "changed", "divided", "taken", "given_back", "credited", "passed", "returned"],
                    )
                ),
                name="block_entry_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="blockentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["changed", "divided", "passed", "returned"]), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="block_entry_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="blockentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "passed"), _negated=True),
                    models.Q(("member__isnull", False), ("to_member__isnull", False)),
                    _connector="OR",
                ),
                name="block_entry_passes_between_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="subproject",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ends_at", None), ("instrument", None), ("own", None), ("starts_at", None)),
                    models.Q(
                        ("instrument__isnull", False), ("own__isnull", False), ("ends_at__gt", models.F("starts_at"))
                    ),
                    _connector="OR",
                ),
                name="part_placed_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="subproject",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("own__isnull", False)),
                expressions=[
                    (
                        models.Func(
                            models.F("instrument_id"),
                            models.F("instrument_id"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    (models.Func(models.F("starts_at"), models.F("ends_at"), function="tstzrange"), "&&"),
                ],
                name="part_alone_on_its_beamline",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS + "DROP FUNCTION useroffice_block_sound();"),
        migrations.RunSQL(KEPT, "DROP TRIGGER kept_for_ever ON useroffice_blockentry;"),
    ]
