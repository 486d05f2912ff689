import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("registry", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("questions", models.JSONField(default=list)),
                ("made_at", models.DateTimeField()),
                (
                    "facility",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="forms", to="registry.facility"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("facility", "number"), name="form_version_once")],
            },
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("code", models.CharField(max_length=20, verbose_name="code")),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("general", "general, in rounds"),
                            ("rolling", "rolling"),
                            ("urgent", "urgent, evaluated afterwards"),
                            ("key", "key programme"),
                            ("industry", "industry"),
                            ("block", "block allocation group"),
                            ("partner", "partner share"),
                        ],
                        max_length=10,
                        verbose_name="mode of access",
                    ),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[("draft", "in preparation"), ("announced", "announced"), ("done", "completed")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("opens_at", models.DateTimeField(verbose_name="opens")),
                ("closes_at", models.DateTimeField(null=True, verbose_name="closes")),
                ("period_start", models.DateField(verbose_name="first day of beamtime")),
                ("period_end", models.DateField(verbose_name="last day of beamtime")),
                ("text_zh", models.TextField(blank=True, verbose_name="text in Chinese")),
                ("text_en", models.TextField(blank=True, verbose_name="text in English")),
                ("most_beamlines", models.PositiveSmallIntegerField(default=2)),
                ("most_shifts", models.PositiveSmallIntegerField(default=36)),
                ("reserve", models.DecimalField(decimal_places=4, default=0, max_digits=5)),
                ("anonymous", models.BooleanField(default=False)),
                ("see_record", models.BooleanField(default=True)),
                ("chance_cap", models.DecimalField(decimal_places=2, max_digits=3, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("synthetic", models.BooleanField(default=False)),
                ("beamlines", models.ManyToManyField(related_name="calls", to="registry.instrument")),
                (
                    "facility",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="calls", to="registry.facility"
                    ),
                ),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="calls", to="useroffice.formversion"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="call_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("mode__in", ["general", "rolling", "urgent", "key", "industry", "block", "partner"])
                        ),
                        name="call_mode_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", ["draft", "announced", "done"])), name="call_stage_known"
                    ),
                    models.UniqueConstraint(fields=("facility", "code"), name="call_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closes_at", None), ("closes_at__gt", models.F("opens_at")), _connector="OR"
                        ),
                        name="call_closes_after_it_opens",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period_end__gte", models.F("period_start"))), name="call_period_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reserve__gte", 0), ("reserve__lte", 1)), name="call_reserve_is_a_share"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("chance_cap", None),
                            models.Q(("chance_cap__gte", "0.05"), ("chance_cap__lte", 1)),
                            _connector="OR",
                        ),
                        name="call_cap_is_a_chance",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("most_beamlines", 0), _negated=True), models.Q(("most_shifts", 0), _negated=True)
                        ),
                        name="call_allows_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Output",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("doi", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=1000)),
                ("year", models.PositiveSmallIntegerField()),
                ("kind", models.CharField(blank=True, max_length=40)),
                ("venue", models.CharField(blank=True, max_length=300)),
                ("authors", models.JSONField(default=list)),
                ("made_at", models.DateTimeField()),
                (
                    "facility",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outputs", to="registry.facility"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.source"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("facility", "doi"), name="output_doi_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("doi", ""), _negated=True), models.Q(("title", ""), _negated=True)
                        ),
                        name="output_named",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Panel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                (
                    "facility",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="panels", to="registry.facility"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="panel_named"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PanelMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chair", models.BooleanField(default=False)),
                ("max_load", models.PositiveSmallIntegerField(default=20)),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80), default=list, size=None
                    ),
                ),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), default=list, size=None
                    ),
                ),
                (
                    "panel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="useroffice.panel"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="panel_places",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("panel", "user"), name="panel_member_once")],
            },
        ),
        migrations.CreateModel(
            name="PastProject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=30)),
                ("year", models.PositiveSmallIntegerField()),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("general", "general, in rounds"),
                            ("rolling", "rolling"),
                            ("urgent", "urgent, evaluated afterwards"),
                            ("key", "key programme"),
                            ("industry", "industry"),
                            ("block", "block allocation group"),
                            ("partner", "partner share"),
                        ],
                        max_length=10,
                    ),
                ),
                ("regional", models.BooleanField()),
                ("industry", models.BooleanField(default=False)),
                ("requested", models.PositiveSmallIntegerField()),
                ("granted", models.PositiveSmallIntegerField()),
                ("outputs", models.PositiveSmallIntegerField(default=0)),
                (
                    "facility",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="past_projects",
                        to="registry.facility",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.instrument",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                    models.UniqueConstraint(fields=("facility", "code"), name="past_project_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("mode__in", ["general", "rolling", "urgent", "key", "industry", "block", "partner"])
                        ),
                        name="past_project_mode_known",
                    ),
                ],
                "indexes": [models.Index(fields=["facility", "year"], name="past_project_by_year")],
            },
        ),
        migrations.CreateModel(
            name="Pool",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("code", models.CharField(max_length=20)),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("funder", "of one funder"),
                            ("industry", "from companies"),
                            ("region", "from the region"),
                            ("outside", "from outside the region"),
                            ("in_house", "from the facility itself"),
                            ("discretionary", "at the director's discretion"),
                        ],
                        max_length=14,
                    ),
                ),
                ("min_share", models.DecimalField(decimal_places=4, max_digits=5, null=True)),
                ("max_share", models.DecimalField(decimal_places=4, max_digits=5, null=True)),
                ("min_shifts", models.PositiveIntegerField(null=True)),
                ("max_shifts", models.PositiveIntegerField(null=True)),
                ("credit_shifts", models.PositiveIntegerField(default=0)),
                ("beamlines", models.ManyToManyField(related_name="+", to="registry.instrument")),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pools", to="useroffice.call"
                    ),
                ),
                (
                    "funder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="pool_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rule__in", ["funder", "industry", "region", "outside", "in_house", "discretionary"])
                        ),
                        name="pool_rule_known",
                    ),
                    models.UniqueConstraint(fields=("call", "code"), name="pool_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("funder", None), ("rule", "funder"), _negated=True),
                        name="pool_of_a_funder_names_it",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("min_share", None),
                                models.Q(("min_share__gte", 0), ("min_share__lte", 1)),
                                _connector="OR",
                            ),
                            models.Q(
                                ("max_share", None),
                                models.Q(("max_share__gte", 0), ("max_share__lte", 1)),
                                _connector="OR",
                            ),
                        ),
                        name="pool_shares_are_shares",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Scenario",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("name", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("solved", "planned"),
                            ("impossible", "no plan possible"),
                            ("failed", "failed"),
                        ],
                        default="queued",
                        max_length=12,
                    ),
                ),
                ("seconds", models.FloatField(default=30)),
                ("from_published", models.BooleanField(default=False)),
                ("open_from", models.DateField(null=True)),
                ("round", models.JSONField(default=dict)),
                ("plan", models.JSONField(default=dict)),
                ("merit", models.FloatField(null=True)),
                ("bound", models.FloatField(null=True)),
                ("gap", models.FloatField(null=True)),
                ("conflict", models.JSONField(default=list)),
                ("made_at", models.DateTimeField()),
                ("solved_at", models.DateTimeField(null=True)),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scenarios", to="useroffice.call"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "solved", "impossible", "failed"])),
                        name="scenario_state_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScheduleVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("number", models.PositiveIntegerField()),
                ("differences", models.JSONField(default=dict)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("published_at", models.DateTimeField()),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="useroffice.call"
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "scenario",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="useroffice.scenario"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("call", "number"), name="schedule_version_once")],
            },
        ),
        migrations.CreateModel(
            name="Track",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("code", models.CharField(max_length=20)),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tracks", to="useroffice.call"
                    ),
                ),
                (
                    "panel",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tracks",
                        to="useroffice.panel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="track_named"
                    ),
                    models.UniqueConstraint(fields=("call", "code"), name="track_code_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Stage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("rank", models.PositiveSmallIntegerField()),
                ("weight", models.DecimalField(decimal_places=2, default=1, max_digits=5)),
                ("needed", models.PositiveSmallIntegerField(default=3)),
                ("criteria", models.JSONField(default=list)),
                (
                    "track",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stages", to="useroffice.track"
                    ),
                ),
            ],
            options={
                "ordering": ["rank"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="stage_named"
                    ),
                    models.UniqueConstraint(fields=("track", "rank"), name="stage_rank_once"),
                    models.CheckConstraint(condition=models.Q(("weight__gt", 0)), name="stage_weighs_something"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("code", models.CharField(max_length=30, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("submitted", "submitted"),
                            ("withdrawn", "withdrawn"),
                            ("feasibility", "feasibility check"),
                            ("infeasible", "not feasible"),
                            ("review", "in review"),
                            ("panel", "with the panel"),
                            ("recommended", "recommended"),
                            ("standby", "on the standby list"),
                            ("declined", "declined"),
                            ("scheduled", "scheduled"),
                            ("running", "experiment running"),
                            ("reporting", "report due"),
                            ("evaluation", "evaluated afterwards"),
                            ("closed", "closed"),
                        ],
                        default="draft",
                        max_length=12,
                    ),
                ),
                ("state_at", models.DateTimeField()),
                (
                    "told_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("draft", "draft"),
                            ("submitted", "submitted"),
                            ("withdrawn", "withdrawn"),
                            ("feasibility", "feasibility check"),
                            ("infeasible", "not feasible"),
                            ("review", "in review"),
                            ("panel", "with the panel"),
                            ("recommended", "recommended"),
                            ("standby", "on the standby list"),
                            ("declined", "declined"),
                            ("scheduled", "scheduled"),
                            ("running", "experiment running"),
                            ("reporting", "report due"),
                            ("evaluation", "evaluated afterwards"),
                            ("closed", "closed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("told_at", models.DateTimeField(null=True)),
                ("language", models.CharField(default="en", max_length=10)),
                ("title", models.CharField(max_length=300, verbose_name="title")),
                ("abstract", models.TextField(blank=True, verbose_name="abstract")),
                ("answers", models.JSONField(default=dict)),
                ("requested", models.PositiveSmallIntegerField(default=3)),
                ("minimum", models.PositiveSmallIntegerField(default=3)),
                ("blackouts", models.JSONField(default=list)),
                ("earlier_results", models.TextField(blank=True)),
                ("carry_over", models.BooleanField(default=False)),
                ("discretionary", models.BooleanField(default=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("made_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(null=True)),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="proposals", to="useroffice.call"
                    ),
                ),
                ("earlier", models.ManyToManyField(related_name="later", to="useroffice.proposal")),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="useroffice.formversion"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="registry.organisation",
                    ),
                ),
                (
                    "track",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="proposals", to="useroffice.track"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "draft",
                                    "submitted",
                                    "withdrawn",
                                    "feasibility",
                                    "infeasible",
                                    "review",
                                    "panel",
                                    "recommended",
                                    "standby",
                                    "declined",
                                    "scheduled",
                                    "running",
                                    "reporting",
                                    "evaluation",
                                    "closed",
                                ],
                            )
                        ),
                        name="beam_proposal_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "told_state__in",
                                [
                                    "draft",
                                    "submitted",
                                    "withdrawn",
                                    "feasibility",
                                    "infeasible",
                                    "review",
                                    "panel",
                                    "recommended",
                                    "standby",
                                    "declined",
                                    "scheduled",
                                    "running",
                                    "reporting",
                                    "evaluation",
                                    "closed",
                                    "",
                                ],
                            )
                        ),
                        name="proposal_told_told_state_known",
                    ),
                    models.UniqueConstraint(fields=("call", "code"), name="proposal_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("minimum__gte", 1), ("requested__gte", models.F("minimum"))),
                        name="proposal_minimum_within_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "withdrawn"]),
                            models.Q(("code", None), _negated=True),
                            _connector="OR",
                        ),
                        name="proposal_submitted_has_code",
                    ),
                ],
                "indexes": [models.Index(fields=["call", "state"], name="proposal_by_state")],
            },
        ),
        migrations.CreateModel(
            name="Pin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(null=True)),
                ("shifts", models.PositiveSmallIntegerField(null=True)),
                (
                    "banned",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "instrument",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.instrument",
                    ),
                ),
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pin", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="pin_has_a_reason")
                ],
            },
        ),
        migrations.CreateModel(
            name="OutputLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "output",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links", to="useroffice.output"
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="output_links",
                        to="useroffice.proposal",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("output", "proposal"), name="output_link_once")],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(max_length=12)),
                ("note_zh", models.CharField(blank=True, max_length=1000)),
                ("note_en", models.CharField(blank=True, max_length=1000)),
                ("sent_at", models.DateTimeField(null=True)),
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
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="letters", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("sent_at", None)), fields=("proposal", "state"), name="letter_pending_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rating", models.PositiveSmallIntegerField()),
                ("text", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="feedback", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rating__gte", 1), ("rating__lte", 5)), name="feedback_rating_1_to_5"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Feasibility",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("feasible", "feasible"),
                            ("conditional", "feasible under conditions"),
                            ("infeasible", "not feasible"),
                            ("unsafe", "not safe"),
                        ],
                        max_length=12,
                    ),
                ),
                ("conditions", models.TextField(blank=True)),
                ("shifts", models.PositiveSmallIntegerField(null=True)),
                ("at", models.DateTimeField(null=True)),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.instrument"
                    ),
                ),
                (
                    "judge",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feasibilities",
                        to="useroffice.proposal",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("proposal", "instrument"), name="feasibility_once"),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["feasible", "conditional", "infeasible", "unsafe", ""])),
                        name="feasibility_verdict_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verdict", ""),
                            models.Q(models.Q(("judge", None), _negated=True), models.Q(("at", None), _negated=True)),
                            _connector="OR",
                        ),
                        name="feasibility_has_a_judge",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeclaredConflict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("by_reviewer", models.BooleanField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="declared_conflicts",
                        to="useroffice.proposal",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("proposal", "person", "by_reviewer"), name="declared_conflict_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="BeamlineChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rank", models.PositiveSmallIntegerField()),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.instrument"
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="choices", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "ordering": ["rank"],
                "constraints": [
                    models.UniqueConstraint(fields=("proposal", "instrument"), name="beamline_choice_once"),
                    models.UniqueConstraint(fields=("proposal", "rank"), name="beamline_choice_rank_once"),
                ],
                "indexes": [models.Index(fields=["instrument"], name="beamline_choice_by_line")],
            },
        ),
        migrations.CreateModel(
            name="ProposalFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("question", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=200)),
                ("content", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("proposal", "question"), name="proposal_file_once")],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[("due", "due"), ("submitted", "submitted"), ("accepted", "accepted")],
                        default="due",
                        max_length=10,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("submitted_at", models.DateTimeField(null=True)),
                ("grade", models.PositiveSmallIntegerField(null=True)),
                ("remark", models.TextField(blank=True)),
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="report", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["due", "submitted", "accepted"])), name="report_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("grade", None), models.Q(("grade__gte", 1), ("grade__lte", 5)), _connector="OR"
                        ),
                        name="report_grade_1_to_5",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Sample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("quantity", models.CharField(blank=True, max_length=60)),
                (
                    "hazards",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), default=list, size=None
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("declared", "declared"),
                            ("approved", "approved"),
                            ("refused", "refused"),
                            ("arrived", "arrived"),
                            ("returned", "returned"),
                            ("disposed", "disposed of"),
                        ],
                        default="declared",
                        max_length=10,
                    ),
                ),
                ("place", models.CharField(blank=True, max_length=100)),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="samples", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("proposal", "name"), name="sample_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["declared", "approved", "refused", "arrived", "returned", "disposed"])
                        ),
                        name="sample_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Award",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("shifts", models.PositiveSmallIntegerField()),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.instrument"
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="awards", to="useroffice.proposal"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="awards",
                        to="useroffice.scheduleversion",
                    ),
                ),
            ],
            options={
                "ordering": ["instrument_id", "start"],
                "constraints": [
                    models.UniqueConstraint(fields=("version", "proposal"), name="award_once"),
                    models.CheckConstraint(
                        condition=models.Q(("end__gt", models.F("start")), models.Q(("shifts", 0), _negated=True)),
                        name="award_in_order",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            (
                                models.Func(
                                    models.F("version_id"),
                                    models.F("version_id"),
                                    models.Value("[]"),
                                    function="int8range",
                                ),
                                "&&",
                            ),
                            (
                                models.Func(
                                    models.F("instrument_id"),
                                    models.F("instrument_id"),
                                    models.Value("[]"),
                                    function="int8range",
                                ),
                                "&&",
                            ),
                            (models.Func(models.F("start"), models.F("end"), function="daterange"), "&&"),
                        ],
                        name="award_alone_on_its_beamline",
                    ),
                ],
                "indexes": [models.Index(fields=["proposal"], name="award_by_proposal")],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("assigned", "asked for"),
                            ("submitted", "given"),
                            ("declined", "declined"),
                            ("delegated", "delegated"),
                        ],
                        default="assigned",
                        max_length=10,
                    ),
                ),
                ("scores", models.JSONField(default=dict)),
                ("score", models.FloatField(null=True)),
                ("for_panel", models.TextField(blank=True)),
                ("for_proposer", models.TextField(blank=True)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("affinity", models.FloatField(default=0)),
                ("chance", models.FloatField(null=True)),
                ("assigned_at", models.DateTimeField()),
                ("given_at", models.DateTimeField(null=True)),
                (
                    "delegated_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reviews", to="useroffice.proposal"
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "stage",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="useroffice.stage"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("proposal", "stage", "reviewer"), name="review_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["assigned", "submitted", "declined", "delegated"])),
                        name="review_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "submitted"), _negated=True),
                            models.Q(
                                models.Q(("score", None), _negated=True), models.Q(("given_at", None), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="review_given_has_score",
                    ),
                ],
                "indexes": [models.Index(fields=["reviewer", "state"], name="review_by_reviewer")],
            },
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("language", models.CharField(max_length=10)),
                ("content", models.JSONField()),
                ("paper", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to="useroffice.proposal",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [models.UniqueConstraint(fields=("proposal", "number"), name="submission_once")],
            },
        ),
        migrations.CreateModel(
            name="TeamMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("proposer", models.BooleanField(default=False)),
                ("may_edit", models.BooleanField(default=False)),
                ("may_submit", models.BooleanField(default=False)),
                ("accepted_at", models.DateTimeField(null=True)),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="team", to="useroffice.proposal"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposal_places",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-proposer", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("proposal"), django.db.models.functions.text.Lower("email"), name="team_member_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("proposer", True)), fields=("proposal",), name="one_proposer"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at", None), models.Q(("user", None), _negated=True), _connector="OR"
                        ),
                        name="team_member_accepts_as_user",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("recommend", "recommend"), ("reserve", "standby list"), ("decline", "decline")],
                        max_length=10,
                    ),
                ),
                ("rank", models.PositiveIntegerField(null=True)),
                ("shifts", models.PositiveSmallIntegerField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="verdicts", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["recommend", "reserve", "decline"])), name="verdict_kind_known"
                    )
                ],
                "indexes": [models.Index(fields=["proposal", "-id"], name="verdict_latest")],
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("shifts", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("running", "running"),
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                ("handover", models.TextField(blank=True)),
                ("hours_given", models.DecimalField(decimal_places=2, max_digits=7, null=True)),
                ("hours_lost", models.DecimalField(decimal_places=2, default=0, max_digits=7)),
                (
                    "lost_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("beam", "no beam"),
                            ("beamline", "beamline out of order"),
                            ("user", "the users"),
                            ("other", "other"),
                        ],
                        max_length=10,
                    ),
                ),
                ("credited_shifts", models.PositiveSmallIntegerField(default=0)),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "contact",
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
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.instrument"
                    ),
                ),
                (
                    "proposal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="visit", to="useroffice.proposal"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["planned", "running", "done", "cancelled"])),
                        name="visit_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lost_reason__in", ["beam", "beamline", "user", "other", ""])),
                        name="visit_lost_reason_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("hours_lost", 0), models.Q(("lost_reason", ""), _negated=True), _connector="OR"
                        ),
                        name="visit_lost_hours_have_a_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("hours_lost__gte", 0),
                            models.Q(("hours_given", None), ("hours_given__gte", 0), _connector="OR"),
                        ),
                        name="visit_hours_sound",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VisitMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("cleared_at", models.DateTimeField(null=True)),
                (
                    "cleared_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="useroffice.visit"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("visit", "name"), name="visit_member_once")],
            },
        ),
        migrations.CreateModel(
            name="BeamlineScientist",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scientists", to="registry.instrument"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="beamlines",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("instrument", "user"), name="beamline_scientist_once")],
            },
        ),
        migrations.CreateModel(
            name="BeamPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("run", "run for users"),
                            ("studies", "machine studies"),
                            ("shutdown", "shutdown"),
                            ("maintenance", "maintenance"),
                        ],
                        max_length=12,
                    ),
                ),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "facility",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="beam_periods", to="registry.facility"
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.instrument",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["run", "studies", "shutdown", "maintenance"])),
                        name="beam_period_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("end__gt", models.F("start"))), name="beam_period_in_order"
                    ),
                    models.UniqueConstraint(
                        fields=("facility", "instrument", "kind", "start"),
                        name="beam_period_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
    ]
