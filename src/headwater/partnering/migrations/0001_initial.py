import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import headwater.partnering.models.matching


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("registry", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="TravelTable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cities", models.JSONField()),
                ("minutes", models.JSONField()),
                ("source", models.CharField(max_length=300)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Conflict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ground", models.CharField(max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "one",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.organisation"
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("one", "other"), name="conflict_once"),
                    models.CheckConstraint(
                        condition=models.Q(("one__lt", models.F("other"))), name="conflict_in_one_order"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IndexStamp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="index_stamp_is_one_row")],
            },
        ),
        migrations.CreateModel(
            name="Weighting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                ("text", models.FloatField(default=1.0)),
                ("techniques", models.FloatField(default=1.0)),
                ("instruments", models.FloatField(default=0.3)),
                ("past_work", models.FloatField(default=0.6)),
                ("ties", models.FloatField(default=0.15)),
                ("reach", models.FloatField(default=0.15)),
                ("load", models.FloatField(default=0.1)),
                ("team", models.JSONField(default=headwater.partnering.models.matching.team_weights)),
                ("ground", models.CharField(blank=True, max_length=500)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("instruments__gte", 0),
                            ("load__gte", 0),
                            ("past_work__gte", 0),
                            ("reach__gte", 0),
                            ("techniques__gte", 0),
                            ("text__gte", 0),
                            ("ties__gte", 0),
                        ),
                        name="weighting_not_negative",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Challenge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("submitted", "with the broker"),
                            ("refine", "to be refined"),
                            ("ready", "ready"),
                            ("long_term", "long-term problem"),
                            ("not_research", "not a research problem"),
                            ("published", "published"),
                            ("matched", "matched"),
                            ("contracted", "under contract"),
                            ("accepted", "result accepted"),
                            ("closed", "closed"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="draft",
                        max_length=14,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("published_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "company_level",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("registered", "people who are signed in"),
                            ("agreement", "organisations under agreement"),
                        ],
                        default="registered",
                        max_length=10,
                    ),
                ),
                ("outcome", models.CharField(blank=True, max_length=10)),
                ("lessons", models.TextField(blank=True)),
                (
                    "words_public",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "words_registered",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "words_agreement",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "broker",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="challenges",
                        to="registry.organisation",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.source"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="challenge_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "draft",
                                    "submitted",
                                    "refine",
                                    "ready",
                                    "long_term",
                                    "not_research",
                                    "published",
                                    "matched",
                                    "contracted",
                                    "accepted",
                                    "closed",
                                    "withdrawn",
                                ],
                            )
                        ),
                        name="challenge_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("company_level__in", ["public", "registered", "agreement"])),
                        name="challenge_company_level_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["", "solved", "partly", "not_solved"])),
                        name="challenge_outcome_known",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["state", "id"], name="challenge_by_state"),
                    models.Index(fields=["organisation", "id"], name="challenge_by_organisation"),
                    django.contrib.postgres.indexes.GinIndex(fields=["words_public"], name="challenge_words_public"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["words_registered"], name="challenge_words_registered"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["words_agreement"], name="challenge_words_agreement"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Award",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("choice", "one team is chosen"),
                            ("race", "teams race to the gate"),
                            ("gate", "the gate's result"),
                            ("none", "nobody is chosen"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reasons", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="awards", to="partnering.challenge"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["choice", "race", "gate", "none"])), name="award_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reasons", ""), _negated=True), name="award_has_reasons"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("registered", "people who are signed in"),
                            ("agreement", "organisations under agreement"),
                        ],
                        max_length=10,
                    ),
                ),
                ("file", models.FileField(max_length=200, upload_to="partnering/")),
                ("name", models.CharField(max_length=200)),
                ("size", models.PositiveBigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="partnering.challenge",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["public", "registered", "agreement"])),
                        name="attachment_level_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("removed_at", None), ("removed_at__gte", models.F("at")), _connector="OR"),
                        name="attachment_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "asked for"),
                            ("in_force", "in force"),
                            ("refused", "refused"),
                            ("ended", "ended"),
                        ],
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.organisation"
                    ),
                ),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="agreements",
                        to="partnering.challenge",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("challenge", "organisation"), name="agreement_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["asked", "in_force", "refused", "ended"])),
                        name="agreement_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Partnership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("consortium", "innovation consortium"),
                            ("joint_centre", "joint innovation centre"),
                            ("project", "contract project"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("forming", "forming"),
                            ("running", "running"),
                            ("renewed", "renewed"),
                            ("ended", "ended"),
                        ],
                        default="forming",
                        max_length=10,
                    ),
                ),
                ("field_zh", models.CharField(blank=True, max_length=300)),
                ("field_en", models.CharField(blank=True, max_length=300)),
                ("agreement", models.TextField(blank=True)),
                ("agreed_on", models.DateField(null=True)),
                ("starts", models.DateField(null=True)),
                ("ends", models.DateField(null=True)),
                ("road_map", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("ended_on", models.DateField(null=True)),
                ("end_reason", models.TextField(blank=True)),
                ("challenges", models.ManyToManyField(related_name="partnerships", to="partnering.challenge")),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.source"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="partnership_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["consortium", "joint_centre", "project"])),
                        name="partnership_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["forming", "running", "renewed", "ended"])),
                        name="partnership_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts", None), ("ends", None), ("ends__gte", models.F("starts")), _connector="OR"
                        ),
                        name="partnership_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "ended"), _negated=True), ("ended_on__isnull", False), _connector="OR"
                        ),
                        name="partnership_end_dated",
                    ),
                ],
                "indexes": [models.Index(fields=["kind", "id"], name="partnership_by_kind")],
            },
        ),
        migrations.CreateModel(
            name="Milestone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("number", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=300)),
                ("due", models.DateField()),
                ("test", models.TextField()),
                ("amount_minor", models.BigIntegerField(default=0)),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("handed_in", "handed in"),
                            ("sent_back", "sent back"),
                            ("accepted", "accepted"),
                            ("dropped", "dropped"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                ("report", models.TextField(blank=True)),
                ("handed_in_at", models.DateTimeField(null=True)),
                ("judgement", models.TextField(blank=True)),
                ("judged_at", models.DateTimeField(null=True)),
                (
                    "judged_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.organisation",
                    ),
                ),
                (
                    "payer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.organisation",
                    ),
                ),
                (
                    "partnership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="milestones",
                        to="partnering.partnership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("partnership", "number"), name="milestone_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "handed_in", "sent_back", "accepted", "dropped"])),
                        name="milestone_state_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("test", ""), _negated=True), name="milestone_has_test"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor", 0),
                            models.Q(
                                ("amount_minor__gt", 0),
                                ("payee__isnull", False),
                                ("payer__isnull", False),
                                models.Q(("currency", ""), _negated=True),
                                models.Q(("payer", models.F("payee")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="milestone_payment_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PartnershipInstrument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hours_a_year", models.PositiveIntegerField(default=0)),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.instrument"
                    ),
                ),
                (
                    "partnership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="instruments",
                        to="partnering.partnership",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("partnership", "instrument"), name="partnership_instrument_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=80, unique=True)),
                ("amount_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("at", models.DateTimeField()),
                (
                    "milestone",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payment", to="partnering.milestone"
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.organisation"
                    ),
                ),
                (
                    "payer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount_minor__gt", 0)), name="payment_positive")
                ],
            },
        ),
        migrations.CreateModel(
            name="Result",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("paper", "paper"),
                            ("patent", "patent"),
                            ("product", "product"),
                            ("standard", "standard"),
                            ("company", "new company"),
                        ],
                        max_length=10,
                    ),
                ),
                ("title", models.CharField(max_length=500)),
                ("year", models.PositiveSmallIntegerField()),
                ("identifier", models.CharField(blank=True, max_length=200)),
                (
                    "partnership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="results", to="partnering.partnership"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["paper", "patent", "product", "standard", "company"])),
                        name="result_kind_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SharedUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on", models.DateField()),
                ("hours", models.PositiveIntegerField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="partnering.partnershipinstrument",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("hours__gt", 0)), name="shared_use_takes_time")
                ],
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("by_broker", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
                ("note", models.CharField(blank=True, max_length=500)),
                ("agreed_at", models.DateTimeField(null=True)),
                ("budget_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("willing_to_pay", models.BooleanField(default=False)),
                (
                    "form",
                    models.CharField(
                        choices=[
                            ("contract", "contract research"),
                            ("joint", "joint development"),
                            ("licence", "licence of what exists"),
                            ("test", "testing only"),
                            ("talent", "people"),
                        ],
                        default="contract",
                        max_length=10,
                    ),
                ),
                ("months", models.PositiveSmallIntegerField(null=True)),
                ("reach_min", models.PositiveSmallIntegerField(null=True)),
                ("max_members", models.PositiveSmallIntegerField(null=True)),
                ("min_jurisdictions", models.PositiveSmallIntegerField(default=1)),
                ("lead_company", models.BooleanField(default=False)),
                (
                    "agreed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="partnering.challenge"
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.city"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("challenge", "number"), name="version_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("form__in", ["contract", "joint", "licence", "test", "talent"])),
                        name="version_form_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("budget_minor", None), ("currency", "")),
                            models.Q(("budget_minor__gt", 0), models.Q(("currency", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="version_budget_has_currency",
                    ),
                    models.CheckConstraint(condition=models.Q(("number__gt", 0)), name="version_counts_from_one"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Triage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("ready", "ready"),
                            ("refine", "to be refined"),
                            ("long_term", "long-term problem"),
                            ("not_research", "not a research problem"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None),
                ),
                ("note", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="triages", to="partnering.challenge"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="triages", to="partnering.version"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["ready", "refine", "long_term", "not_research"])),
                        name="triage_outcome_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("reasons__len__gt", 0)), name="triage_has_reasons"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rank", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("comparison", models.CharField(default="ge", max_length=2)),
                ("value", models.CharField(max_length=60)),
                ("unit", models.CharField(blank=True, max_length=40)),
                ("test", models.CharField(blank=True, max_length=500)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="targets", to="partnering.version"
                    ),
                ),
            ],
            options={
                "ordering": ["rank"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "rank"), name="target_rank_once"),
                    models.CheckConstraint(
                        condition=models.Q(("comparison__in", ["ge", "le", "eq"])), name="target_comparison_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Requirement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField(default=3)),
                ("must", models.BooleanField(default=True)),
                ("rank", models.PositiveSmallIntegerField()),
                (
                    "technique",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.technique"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="requirements",
                        to="partnering.version",
                    ),
                ),
            ],
            options={
                "ordering": ["rank"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "technique"), name="requirement_once"),
                    models.CheckConstraint(
                        condition=models.Q(("level__gte", 1), ("level__lte", 5)), name="requirement_level_one_to_five"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Part",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        choices=[
                            ("problem", "Problem"),
                            ("present", "Present state"),
                            ("targets", "Target values"),
                            ("tried", "What was tried"),
                            ("constraints", "Constraints"),
                            ("wanted", "Capabilities wanted"),
                            ("money", "Money"),
                            ("rights", "Rights"),
                            ("place", "Where and when"),
                            ("company", "Who asks"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("registered", "people who are signed in"),
                            ("agreement", "organisations under agreement"),
                        ],
                        max_length=10,
                    ),
                ),
                ("text_zh", models.TextField(blank=True)),
                ("text_en", models.TextField(blank=True)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="partnering.version"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "name"), name="part_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "name__in",
                                [
                                    "problem",
                                    "present",
                                    "targets",
                                    "tried",
                                    "constraints",
                                    "wanted",
                                    "money",
                                    "rights",
                                    "place",
                                    "company",
                                ],
                            )
                        ),
                        name="part_name_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("level__in", ["public", "registered", "agreement"])),
                        name="part_level_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opens_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                ("sealed", models.BooleanField(default=True)),
                ("race_teams", models.PositiveSmallIntegerField(default=1)),
                ("gate", models.CharField(blank=True, max_length=1000)),
                ("gate_on", models.DateField(null=True)),
                (
                    "challenge",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="call", to="partnering.challenge"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opens_at"))), name="call_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("race_teams", 1),
                            models.Q(
                                ("race_teams__gt", 1), ("gate_on__isnull", False), models.Q(("gate", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="call_race_has_gate",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PartnershipMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("lead", "lead"), ("member", "member"), ("sponsor", "pays")],
                        default="member",
                        max_length=10,
                    ),
                ),
                ("task", models.CharField(blank=True, max_length=300)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="partnership_links",
                        to="registry.organisation",
                    ),
                ),
                (
                    "partnership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="partnering.partnership"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("partnership", "organisation"), name="partnership_member_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("role", "lead")), fields=("partnership",), name="partnership_one_lead"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["lead", "member", "sponsor"])),
                        name="partnership_member_role_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Approach",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("told", "told of it because it fits"),
                            ("invited", "invited by the broker"),
                            ("own", "came by itself"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "no answer yet"), ("yes", "yes"), ("later", "later"), ("no", "no")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=1000)),
                ("answer", models.CharField(blank=True, max_length=1000)),
                ("at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approaches",
                        to="partnering.challenge",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("origin__in", ["told", "invited", "own"])), name="approach_origin_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "yes", "later", "no"])), name="approach_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at", None), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("answered_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="approach_answer_dated",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProfileInstrument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.instrument"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProfilePerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("leads", models.BooleanField(default=False)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                ("local_id", models.CharField(blank=True, max_length=100)),
                ("summary_zh", models.TextField(blank=True)),
                ("summary_en", models.TextField(blank=True)),
                (
                    "sectors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), default=list, size=None
                    ),
                ),
                ("load", models.FloatField(default=0.0)),
                ("price_minor", models.BigIntegerField(default=0)),
                ("currency", models.CharField(default="CNY", max_length=3)),
                ("tells", models.BooleanField(default=True)),
                ("active", models.BooleanField(default=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "city",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.city"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="profiles", to="registry.organisation"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.source"
                    ),
                ),
                (
                    "instruments",
                    models.ManyToManyField(
                        related_name="+", through="partnering.ProfileInstrument", to="registry.instrument"
                    ),
                ),
                (
                    "people",
                    models.ManyToManyField(related_name="+", through="partnering.ProfilePerson", to="registry.person"),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="profile_named"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("local_id", ""), _negated=True),
                        fields=("organisation", "local_id"),
                        name="profile_local_id_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("load__gte", 0), ("load__lte", 1)), name="profile_load_is_a_share"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price_minor__gte", 0)), name="profile_price_not_negative"
                    ),
                ],
                "indexes": [models.Index(fields=["organisation", "id"], name="profile_by_organisation")],
            },
        ),
        migrations.CreateModel(
            name="ProfileTechnique",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField(default=3)),
                (
                    "profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="technique_links",
                        to="partnering.profile",
                    ),
                ),
                (
                    "technique",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.technique"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("profile", "technique"), name="profile_technique_once"),
                    models.CheckConstraint(
                        condition=models.Q(("level__gte", 1), ("level__lte", 5)), name="profile_level_one_to_five"
                    ),
                ],
                "indexes": [models.Index(fields=["technique", "profile"], name="profile_by_technique")],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("submitted", "submitted"),
                            ("withdrawn", "withdrawn"),
                            ("racing", "in the race"),
                            ("chosen", "chosen"),
                            ("not_chosen", "not chosen"),
                        ],
                        default="draft",
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("plan", models.TextField(blank=True)),
                ("evidence", models.TextField(blank=True)),
                ("promised", models.TextField(blank=True)),
                ("price_minor", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("months", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "challenge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="proposals", to="partnering.challenge"
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="proposals", to="partnering.profile"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("challenge", "lead"), name="proposal_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "submitted", "withdrawn", "racing", "chosen", "not_chosen"])
                        ),
                        name="proposal_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price_minor__gte", 0), models.Q(("currency", ""), _negated=True)),
                        name="proposal_has_price",
                    ),
                    models.CheckConstraint(condition=models.Q(("months__gte", 1)), name="proposal_takes_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AwardLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("chosen", "chosen"), ("racing", "in the race"), ("not_chosen", "not chosen")],
                        max_length=12,
                    ),
                ),
                ("reason", models.TextField()),
                (
                    "award",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="partnering.award"
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="partnering.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("award", "proposal"), name="award_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["chosen", "racing", "not_chosen"])),
                        name="award_line_outcome_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="award_line_has_reason"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProposalMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("task", models.CharField(blank=True, max_length=300)),
                (
                    "profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partnering.profile"
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="partnering.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("proposal", "profile"), name="proposal_member_once")],
            },
        ),
        migrations.CreateModel(
            name="Work",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("paper", "paper"),
                            ("patent", "patent"),
                            ("project", "project"),
                            ("product", "product"),
                            ("standard", "standard"),
                        ],
                        max_length=10,
                    ),
                ),
                ("title", models.CharField(max_length=500)),
                ("text", models.TextField(blank=True)),
                ("year", models.PositiveSmallIntegerField(null=True)),
                ("identifier", models.CharField(blank=True, max_length=200)),
                (
                    "partner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="registry.organisation",
                    ),
                ),
                (
                    "profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="works", to="partnering.profile"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["paper", "patent", "project", "product", "standard"])),
                        name="work_kind_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("identifier", ""), _negated=True),
                        fields=("profile", "identifier"),
                        name="work_identifier_once",
                    ),
                ],
                "indexes": [models.Index(fields=["profile", "id"], name="work_by_profile")],
            },
        ),
        migrations.AddField(
            model_name="challenge",
            name="current",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partnering.version"
            ),
        ),
        migrations.AddField(
            model_name="partnershipmember",
            name="profile",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="partnering.profile"
            ),
        ),
        migrations.AddField(
            model_name="approach",
            name="profile",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="approaches", to="partnering.profile"
            ),
        ),
        migrations.AddConstraint(
            model_name="approach",
            constraint=models.UniqueConstraint(fields=("challenge", "profile"), name="approach_once"),
        ),
        migrations.AddIndex(
            model_name="approach",
            index=models.Index(fields=["profile", "state"], name="approach_by_profile"),
        ),
        migrations.AddField(
            model_name="profileinstrument",
            name="profile",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="instrument_links", to="partnering.profile"
            ),
        ),
        migrations.AddConstraint(
            model_name="profileinstrument",
            constraint=models.UniqueConstraint(fields=("profile", "instrument"), name="profile_instrument_once"),
        ),
        migrations.AddField(
            model_name="profileperson",
            name="profile",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="person_links", to="partnering.profile"
            ),
        ),
        migrations.AddConstraint(
            model_name="profileperson",
            constraint=models.UniqueConstraint(fields=("profile", "person"), name="profile_person_once"),
        ),
        migrations.AddField(
            model_name="profile",
            name="techniques",
            field=models.ManyToManyField(
                related_name="+", through="partnering.ProfileTechnique", to="registry.technique"
            ),
        ),
    ]
