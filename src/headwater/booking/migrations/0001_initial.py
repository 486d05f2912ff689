import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
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
            name="Course",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("places", models.PositiveSmallIntegerField()),
                ("room", models.CharField(blank=True, max_length=200)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open for sign-up"), ("held", "held"), ("cancelled", "cancelled")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="courses", to="registry.instrument"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "held", "cancelled"])), name="course_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="course_ends_after_start"
                    ),
                    models.CheckConstraint(condition=models.Q(("places__gt", 0)), name="course_has_places"),
                ],
                "indexes": [models.Index(fields=["instrument", "starts_at"], name="course_of_instrument")],
            },
        ),
        migrations.CreateModel(
            name="Feed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "instrument",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.instrument",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="feeds", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Interlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=500)),
                ("secret", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
                (
                    "instrument",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="interlock", to="registry.instrument"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                ("hours", models.JSONField()),
                (
                    "closed_days",
                    django.contrib.postgres.fields.ArrayField(base_field=models.DateField(), default=list, size=None),
                ),
                ("peak", models.JSONField(default=list)),
                ("min_minutes", models.PositiveIntegerField()),
                ("max_minutes", models.PositiveIntegerField()),
                ("step_minutes", models.PositiveSmallIntegerField()),
                ("notice_minutes", models.PositiveIntegerField()),
                ("horizon_days", models.PositiveSmallIntegerField()),
                ("setup_minutes", models.PositiveSmallIntegerField()),
                ("cleanup_minutes", models.PositiveSmallIntegerField()),
                ("person_week_minutes", models.PositiveIntegerField(null=True)),
                ("person_peak_minutes", models.PositiveIntegerField(null=True)),
                ("person_off_peak_minutes", models.PositiveIntegerField(null=True)),
                ("organisation_week_minutes", models.PositiveIntegerField(null=True)),
                ("organisation_peak_minutes", models.PositiveIntegerField(null=True)),
                ("organisation_off_peak_minutes", models.PositiveIntegerField(null=True)),
                (
                    "approval_for",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12), default=list, size=None
                    ),
                ),
                ("needs_qualification", models.BooleanField()),
                ("qualification_days", models.PositiveSmallIntegerField(null=True)),
                ("late_cancel_minutes", models.PositiveIntegerField()),
                ("no_show_minutes", models.PositiveIntegerField(null=True)),
                ("most_missed", models.PositiveSmallIntegerField(null=True)),
                ("hold_minutes", models.PositiveIntegerField()),
                ("forgotten_minutes", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField()),
                (
                    "instrument",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policies",
                        to="registry.instrument",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="policies",
                        to="registry.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("instrument", None), ("owner__isnull", False)),
                            models.Q(("instrument__isnull", False), ("owner", None)),
                            _connector="OR",
                        ),
                        name="policy_about_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_minutes__gte", models.F("min_minutes")),
                            ("min_minutes__gt", 0),
                            ("step_minutes__gt", 0),
                        ),
                        name="policy_lengths_sound",
                    ),
                    models.CheckConstraint(condition=models.Q(("hold_minutes__gt", 0)), name="policy_hold_positive"),
                ],
                "indexes": [
                    models.Index(fields=["instrument", "-since"], name="policy_of_instrument"),
                    models.Index(fields=["owner", "-since"], name="policy_of_owner"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Qualification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("granted_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "granted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="qualifications",
                        to="registry.instrument",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="qualifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "instrument"), name="qualification_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("expires_at", None), ("expires_at__gt", models.F("granted_at")), _connector="OR"
                        ),
                        name="qualification_lasts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("every_days", models.PositiveSmallIntegerField()),
                ("made_at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.instrument"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("span", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("occupied", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking", "booking"),
                            ("beamtime", "beamtime"),
                            ("outage", "outage"),
                            ("hold", "held for the waiting list"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "awaiting approval"),
                            ("confirmed", "confirmed"),
                            ("in_use", "in use"),
                            ("used", "used"),
                            ("missed", "missed"),
                            ("cancelled", "cancelled"),
                            ("declined", "declined"),
                            ("expired", "expired"),
                        ],
                        max_length=10,
                    ),
                ),
                ("project", models.CharField(blank=True, max_length=200)),
                ("note", models.TextField(blank=True)),
                ("reference", models.CharField(blank=True, max_length=60)),
                ("terms", models.JSONField(default=dict)),
                ("held_until", models.DateTimeField(null=True)),
                ("late", models.BooleanField(default=False)),
                ("sequence", models.PositiveIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "holder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reservations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reservations",
                        to="registry.instrument",
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
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reservations",
                        to="registry.organisation",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="booking.policy"
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reservations",
                        to="booking.series",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["booking", "beamtime", "outage", "hold"])),
                        name="reservation_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "requested",
                                    "confirmed",
                                    "in_use",
                                    "used",
                                    "missed",
                                    "cancelled",
                                    "declined",
                                    "expired",
                                ],
                            )
                        ),
                        name="reservation_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("span__isempty", False),
                            ("span__lower_inc", True),
                            ("span__lower_inf", False),
                            ("span__upper_inc", False),
                            ("span__upper_inf", False),
                        ),
                        name="reservation_span_sound",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("occupied__isempty", False),
                            ("occupied__lower_inc", True),
                            ("occupied__lower_inf", False),
                            ("occupied__upper_inc", False),
                            ("occupied__upper_inf", False),
                        ),
                        name="reservation_occupied_sound",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind", "outage"), ("holder__isnull", False), _connector="OR"),
                        name="reservation_has_holder",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("held_until__isnull", False), ("kind", "hold")),
                            models.Q(models.Q(("kind", "hold"), _negated=True), ("held_until", None)),
                            _connector="OR",
                        ),
                        name="reservation_hold_ends",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("kind", "beamtime"),
                            ("state__in", ("requested", "confirmed", "in_use", "used")),
                            models.Q(("reference", ""), _negated=True),
                        ),
                        fields=("reference",),
                        name="reservation_reference_once",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("state__in", ("requested", "confirmed", "in_use", "used"))),
                        expressions=[
                            (
                                models.Func(
                                    models.F("instrument"),
                                    models.F("instrument"),
                                    models.Value("[]"),
                                    function="int8range",
                                    output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(),
                                ),
                                "&&",
                            ),
                            ("occupied", "&&"),
                        ],
                        name="reservation_never_twice",
                    ),
                ],
                "indexes": [
                    models.Index(
                        models.F("instrument"),
                        models.Func(models.F("occupied"), function="upper", output_field=models.DateTimeField()),
                        condition=models.Q(("state__in", ("requested", "confirmed", "in_use", "used"))),
                        name="reservation_by_end",
                    ),
                    models.Index(
                        models.F("holder"),
                        models.Func(models.F("span"), function="upper", output_field=models.DateTimeField()),
                        name="reservation_by_holder",
                    ),
                    models.Index(
                        condition=models.Q(("reference", ""), _negated=True),
                        fields=["reference"],
                        name="reservation_by_reference",
                    ),
                    models.Index(
                        condition=models.Q(("state", "requested")),
                        fields=["instrument", "state"],
                        name="reservation_asked",
                    ),
                    models.Index(
                        condition=models.Q(("kind", "hold"), ("state", "confirmed")),
                        fields=["held_until"],
                        name="reservation_holds",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Signal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("event", models.CharField(max_length=20)),
                ("body", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=300)),
                (
                    "interlock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signals", to="booking.interlock"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("delivered_at", None)), fields=["interlock", "id"], name="signal_waiting"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SignUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("signed_up", "signed up"),
                            ("passed", "passed"),
                            ("failed", "not passed"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="signed_up",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sign_ups", to="booking.course"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["signed_up", "passed", "failed", "withdrawn"])),
                        name="sign_up_state_known",
                    ),
                    models.UniqueConstraint(fields=("course", "user"), name="sign_up_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Usage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("started_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(null=True)),
                ("settled", models.BooleanField(default=False)),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="usages", to="registry.instrument"
                    ),
                ),
                (
                    "reservation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usages",
                        to="booking.reservation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="usages", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at", None)), fields=("instrument",), name="usage_one_at_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stopped_at", None), ("stopped_at__gte", models.F("started_at")), _connector="OR"
                        ),
                        name="usage_in_order",
                    ),
                ],
                "indexes": [models.Index(fields=["instrument", "started_at"], name="usage_by_instrument")],
            },
        ),
        migrations.CreateModel(
            name="WaitingWish",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("window", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("minutes", models.PositiveIntegerField()),
                ("project", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("held", "time is held"),
                            ("booked", "booked"),
                            ("withdrawn", "withdrawn"),
                            ("expired", "expired"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "hold",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wish",
                        to="booking.reservation",
                    ),
                ),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="wishes", to="registry.instrument"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="wishes", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "held", "booked", "withdrawn", "expired"])),
                        name="wish_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("window__isempty", False),
                            ("window__lower_inc", True),
                            ("window__lower_inf", False),
                            ("window__upper_inc", False),
                            ("window__upper_inf", False),
                        ),
                        name="wish_window_sound",
                    ),
                    models.CheckConstraint(condition=models.Q(("minutes__gt", 0)), name="wish_minutes_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "held"), _negated=True), ("hold__isnull", False), _connector="OR"
                        ),
                        name="wish_held_has_hold",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["instrument", "made_at"], name="wish_queue"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Answered",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=100)),
                ("digest", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("body", models.JSONField()),
                ("at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="answered_once")],
            },
        ),
    ]
