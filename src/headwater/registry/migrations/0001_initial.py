import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Region",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40, unique=True)),
                ("name_zh", models.CharField(blank=True, max_length=100)),
                ("name_en", models.CharField(blank=True, max_length=100)),
                ("node", models.CharField(max_length=8)),
                ("country", models.CharField(max_length=2)),
                ("currency", models.CharField(max_length=3)),
                ("west", models.FloatField()),
                ("south", models.FloatField()),
                ("east", models.FloatField()),
                ("north", models.FloatField()),
                ("coast", models.JSONField(default=dict)),
                ("rail", models.JSONField(default=list)),
                ("digest", models.CharField(max_length=64)),
                ("loaded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=100, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("publication", "publication"),
                            ("dataset", "open data set"),
                            ("general_knowledge", "general knowledge, unverified"),
                            ("import", "imported file"),
                            ("declaration", "declared by the organisation"),
                            ("synthetic", "synthetic: made by a generator"),
                        ],
                        max_length=20,
                    ),
                ),
                ("title_zh", models.CharField(blank=True, max_length=500)),
                ("title_en", models.CharField(blank=True, max_length=500)),
                ("publisher", models.CharField(blank=True, max_length=200)),
                ("url", models.CharField(blank=True, max_length=1000)),
                ("published", models.CharField(blank=True, max_length=40)),
                ("accessed", models.CharField(blank=True, max_length=40)),
                ("licence", models.CharField(blank=True, max_length=200)),
                ("note", models.TextField(blank=True)),
                ("parameters", models.JSONField(default=dict)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["publication", "dataset", "general_knowledge", "import", "declaration", "synthetic"],
                            )
                        ),
                        name="source_kind_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClassCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("vocabulary", models.CharField(max_length=60)),
                ("version", models.CharField(max_length=40)),
                ("code", models.CharField(max_length=20)),
                ("verified", models.BooleanField(default=True)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="registry.classcode",
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
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="class_code_named"
                    ),
                    models.UniqueConstraint(fields=("vocabulary", "version", "code"), name="class_code_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Jurisdiction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                ("code", models.CharField(max_length=20, unique=True)),
                ("kind", models.CharField(choices=[("country", "country"), ("province", "province")], max_length=20)),
                ("timezone", models.CharField(max_length=60)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="registry.jurisdiction",
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
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="jurisdiction_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["country", "province"])), name="jurisdiction_kind_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="City",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                ("code", models.CharField(max_length=60, unique=True)),
                ("lat", models.FloatField()),
                ("lon", models.FloatField()),
                ("population", models.PositiveIntegerField(null=True)),
                ("population_year", models.PositiveSmallIntegerField(null=True)),
                ("population_verified", models.BooleanField(default=False)),
                ("area_km2", models.FloatField(null=True)),
                ("area_year", models.PositiveSmallIntegerField(null=True)),
                ("area_verified", models.BooleanField(default=False)),
                (
                    "jurisdiction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cities", to="registry.jurisdiction"
                    ),
                ),
                (
                    "area_source",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.source"
                    ),
                ),
                (
                    "population_source",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.source"
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
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="city_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lat", None), ("lon", None)),
                            models.Q(("lat__gte", -90), ("lat__lte", 90), ("lon__gte", -180), ("lon__lte", 180)),
                            _connector="OR",
                        ),
                        name="city_on_earth",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area_km2", None), ("area_km2__gt", 0), _connector="OR"),
                        name="city_area_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                ("code", models.CharField(max_length=100, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("university", "university"),
                            ("research_institute", "research institute"),
                            ("laboratory", "laboratory"),
                            ("hospital", "hospital"),
                            ("company", "company"),
                            ("government", "government body"),
                            ("nonprofit", "non-profit organisation"),
                            ("education", "school or college"),
                            ("platform", "platform"),
                            ("other", "other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("lat", models.FloatField(null=True)),
                ("lon", models.FloatField(null=True)),
                (
                    "location_accuracy",
                    models.CharField(
                        choices=[
                            ("site", "the site"),
                            ("approximate", "approximate"),
                            ("city", "the city's centre"),
                            ("unknown", "unknown"),
                        ],
                        default="unknown",
                        max_length=12,
                    ),
                ),
                ("ror", models.CharField(max_length=9, null=True, unique=True)),
                ("uscc", models.CharField(max_length=18, null=True, unique=True)),
                (
                    "size_class",
                    models.CharField(
                        blank=True,
                        choices=[("micro", "micro"), ("small", "small"), ("medium", "medium"), ("large", "large")],
                        max_length=10,
                    ),
                ),
                ("founded", models.CharField(blank=True, max_length=10)),
                ("listed_on", models.CharField(blank=True, max_length=60)),
                ("website", models.CharField(blank=True, max_length=300)),
                (
                    "city",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="organisations", to="registry.city"
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
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="organisation_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lat", None), ("lon", None)),
                            models.Q(("lat__gte", -90), ("lat__lte", 90), ("lon__gte", -180), ("lon__lte", 180)),
                            _connector="OR",
                        ),
                        name="organisation_on_earth",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "university",
                                    "research_institute",
                                    "laboratory",
                                    "hospital",
                                    "company",
                                    "government",
                                    "nonprofit",
                                    "education",
                                    "platform",
                                    "other",
                                ],
                            )
                        ),
                        name="organisation_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("size_class__in", ["micro", "small", "medium", "large", ""])),
                        name="organisation_size_class_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("location_accuracy__in", ["site", "approximate", "city", "unknown"])),
                        name="organisation_location_accuracy_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("ror", ""), _negated=True), models.Q(("uscc", ""), _negated=True)),
                        name="organisation_ids_null_or_real",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["city", "id"], name="organisation_by_city"),
                    models.Index(fields=["kind", "id"], name="organisation_by_kind"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("file_name", models.CharField(max_length=255)),
                ("file_format", models.CharField(max_length=20)),
                ("file_digest", models.CharField(max_length=64)),
                ("file", models.FileField(upload_to="imports/")),
                ("rejects", models.FileField(blank=True, upload_to="imports/")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checked", "checked, nothing written yet"),
                            ("queued", "waiting for its turn"),
                            ("done", "done"),
                            ("failed", "not done"),
                        ],
                        default="checked",
                        max_length=10,
                    ),
                ),
                ("rows", models.PositiveIntegerField(default=0)),
                ("created", models.PositiveIntegerField(default=0)),
                ("updated", models.PositiveIntegerField(default=0)),
                ("unchanged", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("first_rejects", models.JSONField(default=list)),
                ("failure", models.JSONField(null=True)),
                ("at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
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
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Facility",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                ("code", models.CharField(max_length=100, unique=True)),
                (
                    "field",
                    models.CharField(
                        choices=[
                            ("light_source", "light source"),
                            ("laser", "high-power laser"),
                            ("fusion", "fusion"),
                            ("high_field", "high magnetic field"),
                            ("life_science", "life science"),
                            ("computing", "computing and networks"),
                            ("ocean", "ocean"),
                            ("energy", "energy"),
                            ("earth_environment", "earth and environment"),
                            ("agriculture", "agriculture"),
                            ("mechanics", "mechanics"),
                            ("metrology", "metrology"),
                            ("materials", "materials"),
                            ("other", "other"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("construction", "under construction"),
                            ("operating", "operating"),
                        ],
                        max_length=20,
                    ),
                ),
                ("since", models.CharField(blank=True, max_length=10)),
                ("description_zh", models.TextField(blank=True)),
                ("description_en", models.TextField(blank=True)),
                ("lat", models.FloatField(null=True)),
                ("lon", models.FloatField(null=True)),
                (
                    "location_accuracy",
                    models.CharField(
                        choices=[
                            ("site", "the site"),
                            ("approximate", "approximate"),
                            ("city", "the city's centre"),
                            ("unknown", "unknown"),
                        ],
                        default="unknown",
                        max_length=12,
                    ),
                ),
                ("note_zh", models.TextField(blank=True)),
                ("note_en", models.TextField(blank=True)),
                (
                    "city",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="facilities", to="registry.city"
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="facilities",
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
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="facility_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lat", None), ("lon", None)),
                            models.Q(("lat__gte", -90), ("lat__lte", 90), ("lon__gte", -180), ("lon__lte", 180)),
                            _connector="OR",
                        ),
                        name="facility_on_earth",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "field__in",
                                [
                                    "light_source",
                                    "laser",
                                    "fusion",
                                    "high_field",
                                    "life_science",
                                    "computing",
                                    "ocean",
                                    "energy",
                                    "earth_environment",
                                    "agriculture",
                                    "mechanics",
                                    "metrology",
                                    "materials",
                                    "other",
                                ],
                            )
                        ),
                        name="facility_field_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["planned", "construction", "operating"])),
                        name="facility_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("location_accuracy__in", ["site", "approximate", "city", "unknown"])),
                        name="facility_location_accuracy_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Figure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=100, unique=True)),
                ("subject_kind", models.CharField(max_length=20)),
                ("subject", models.CharField(max_length=100)),
                ("statement_zh", models.CharField(blank=True, max_length=500)),
                ("statement_en", models.CharField(blank=True, max_length=500)),
                ("claimed", models.FloatField(null=True)),
                ("value", models.FloatField(null=True)),
                ("comparison", models.CharField(blank=True, max_length=10)),
                ("unit_zh", models.CharField(blank=True, max_length=60)),
                ("unit_en", models.CharField(blank=True, max_length=60)),
                ("as_of", models.CharField(blank=True, max_length=40)),
                ("verdict", models.CharField(max_length=20)),
                ("note_zh", models.TextField(blank=True)),
                ("note_en", models.TextField(blank=True)),
                ("sources", models.ManyToManyField(related_name="+", to="registry.source")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["confirmed", "partly_confirmed", "near", "not_located"])),
                        name="figure_verdict_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Technique",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("code", models.CharField(max_length=80, unique=True)),
                (
                    "synonyms_zh",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), default=list, size=None
                    ),
                ),
                (
                    "synonyms_en",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), default=list, size=None
                    ),
                ),
                (
                    "measures_zh",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), default=list, size=None
                    ),
                ),
                (
                    "measures_en",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), default=list, size=None
                    ),
                ),
                ("class_codes", models.ManyToManyField(related_name="techniques", to="registry.classcode")),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leaves",
                        to="registry.technique",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="technique_named"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Tie",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ownership", "belongs to"),
                            ("partnership", "partner of"),
                            ("consortium", "member of the consortium"),
                            ("joint_centre", "in the joint centre"),
                        ],
                        max_length=20,
                    ),
                ),
                ("role", models.CharField(blank=True, max_length=60)),
                ("since", models.CharField(blank=True, max_length=10)),
                ("until", models.CharField(blank=True, max_length=10)),
                ("verified", models.BooleanField(default=True)),
                (
                    "end",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ties_in", to="registry.organisation"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.source"
                    ),
                ),
                (
                    "start",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="ties_out", to="registry.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["ownership", "partnership", "consortium", "joint_centre"])),
                        name="tie_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("start", models.F("end")), _negated=True), name="tie_joins_two"
                    ),
                    models.UniqueConstraint(
                        fields=("start", "end", "kind", "role", "name_en", "since"), name="tie_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Zone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                ("code", models.CharField(max_length=80, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("park", "park"),
                            ("science_city", "science city"),
                            ("corridor", "corridor"),
                            ("demonstration_zone", "demonstration zone"),
                            ("high_tech_zone", "high-tech zone"),
                        ],
                        max_length=20,
                    ),
                ),
                ("area_km2", models.FloatField(null=True)),
                ("area_as_of", models.CharField(blank=True, max_length=60)),
                ("area_verified", models.BooleanField(default=False)),
                ("lat", models.FloatField(null=True)),
                ("lon", models.FloatField(null=True)),
                (
                    "location_accuracy",
                    models.CharField(
                        choices=[
                            ("site", "the site"),
                            ("approximate", "approximate"),
                            ("city", "the city's centre"),
                            ("unknown", "unknown"),
                        ],
                        default="unknown",
                        max_length=12,
                    ),
                ),
                ("polygon", models.JSONField(null=True)),
                ("note_zh", models.TextField(blank=True)),
                ("note_en", models.TextField(blank=True)),
                ("cities", models.ManyToManyField(related_name="zones", to="registry.city")),
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
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="zone_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lat", None), ("lon", None)),
                            models.Q(("lat__gte", -90), ("lat__lte", 90), ("lon__gte", -180), ("lon__lte", 180)),
                            _connector="OR",
                        ),
                        name="zone_on_earth",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["park", "science_city", "corridor", "demonstration_zone", "high_tech_zone"])
                        ),
                        name="zone_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("location_accuracy__in", ["site", "approximate", "city", "unknown"])),
                        name="zone_location_accuracy_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("area_km2", None), ("area_km2__gt", 0), _connector="OR"),
                        name="zone_area_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClassCrosswalk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("relation", models.CharField(max_length=10)),
                (
                    "end",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.classcode"
                    ),
                ),
                (
                    "start",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="crosswalks", to="registry.classcode"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("start", "end"), name="crosswalk_once"),
                    models.CheckConstraint(
                        condition=models.Q(("start", models.F("end")), _negated=True), name="crosswalk_leaves"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("relation__in", ["exact", "broader", "narrower", "related"])),
                        name="crosswalk_relation_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("member", "member"),
                            ("manager", "instrument manager"),
                            ("administrator", "administrator"),
                        ],
                        max_length=20,
                    ),
                ),
                ("since", models.DateField(null=True)),
                ("until", models.DateField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="registry.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["member", "manager", "administrator"])),
                        name="membership_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until", None), ("since", None), ("until__gte", models.F("since")), _connector="OR"
                        ),
                        name="membership_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("orcid", models.CharField(max_length=19, null=True, unique=True)),
                (
                    "organisations",
                    models.ManyToManyField(
                        related_name="people", through="registry.Membership", to="registry.organisation"
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="person",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="person_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("orcid", ""), _negated=True), name="person_orcid_null_or_real"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Instrument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(blank=True, max_length=300, verbose_name="Chinese name")),
                ("name_en", models.CharField(blank=True, max_length=300, verbose_name="English name")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("verified", models.BooleanField(default=True)),
                ("local_id", models.CharField(blank=True, max_length=200, verbose_name="owner's own number")),
                ("original_language", models.CharField(default="zh", max_length=2)),
                ("manufacturer_zh", models.CharField(blank=True, max_length=200)),
                ("manufacturer_en", models.CharField(blank=True, max_length=200)),
                ("manufacturer_id", models.CharField(blank=True, max_length=200)),
                ("manufacturer_country", models.CharField(blank=True, max_length=2)),
                ("model", models.CharField(blank=True, max_length=200, verbose_name="model")),
                ("model_id", models.CharField(blank=True, max_length=200)),
                ("serial_number", models.CharField(blank=True, max_length=200)),
                ("description_zh", models.TextField(blank=True)),
                ("description_en", models.TextField(blank=True)),
                (
                    "measured_zh",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300), default=list, size=None
                    ),
                ),
                (
                    "measured_en",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=300), default=list, size=None
                    ),
                ),
                (
                    "subjects",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                ("value_minor", models.BigIntegerField(null=True)),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "access",
                    models.CharField(
                        choices=[
                            ("booking", "by booking"),
                            ("proposal", "by proposal"),
                            ("service", "as a service"),
                            ("internal", "internal use only"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "visibility",
                    models.CharField(
                        choices=[
                            ("public", "everybody"),
                            ("registered", "people who are signed in"),
                            ("organisation", "the owner's people"),
                        ],
                        default="public",
                        max_length=14,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("operating", "operating"),
                            ("out_of_service", "out of service"),
                            ("decommissioned", "decommissioned"),
                        ],
                        default="operating",
                        max_length=20,
                    ),
                ),
                ("commissioned", models.DateField(null=True)),
                ("decommissioned", models.DateField(null=True)),
                ("location_zh", models.CharField(blank=True, max_length=300)),
                ("location_en", models.CharField(blank=True, max_length=300)),
                ("lat", models.FloatField(null=True)),
                ("lon", models.FloatField(null=True)),
                (
                    "location_accuracy",
                    models.CharField(
                        choices=[
                            ("site", "the site"),
                            ("approximate", "approximate"),
                            ("city", "the city's centre"),
                            ("unknown", "unknown"),
                        ],
                        default="unknown",
                        max_length=12,
                    ),
                ),
                ("sharing_zh", models.TextField(blank=True)),
                ("sharing_en", models.TextField(blank=True)),
                ("fee_zh", models.CharField(blank=True, max_length=500)),
                ("fee_en", models.CharField(blank=True, max_length=500)),
                ("contact_name", models.CharField(blank=True, max_length=200)),
                ("contact_email", models.CharField(blank=True, max_length=254)),
                ("contact_phone", models.CharField(blank=True, max_length=60)),
                ("landing_page", models.CharField(blank=True, max_length=500)),
                ("pid", models.CharField(max_length=200, null=True, unique=True)),
                ("pid_type", models.CharField(blank=True, max_length=20)),
                ("related_ids", models.JSONField(default=list)),
                ("extra", models.JSONField(default=dict)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "city",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="instruments", to="registry.city"
                    ),
                ),
                (
                    "class_code",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.classcode",
                    ),
                ),
                (
                    "facility",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instruments",
                        to="registry.facility",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instruments",
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
                        condition=models.Q(("name_en", ""), ("name_zh", ""), _negated=True), name="instrument_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lat", None), ("lon", None)),
                            models.Q(("lat__gte", -90), ("lat__lte", 90), ("lon__gte", -180), ("lon__lte", 180)),
                            _connector="OR",
                        ),
                        name="instrument_on_earth",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("access__in", ["booking", "proposal", "service", "internal"])),
                        name="instrument_access_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["planned", "operating", "out_of_service", "decommissioned"])
                        ),
                        name="instrument_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("visibility__in", ["public", "registered", "organisation"])),
                        name="instrument_visibility_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("location_accuracy__in", ["site", "approximate", "city", "unknown"])),
                        name="instrument_location_accuracy_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("local_id", ""), _negated=True),
                        fields=("owner", "local_id"),
                        name="instrument_local_id_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pid", ""), _negated=True), name="instrument_pid_null_or_real"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("currency", ""), ("value_minor", None)),
                            models.Q(("value_minor__gte", 0), models.Q(("currency", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="instrument_value_has_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("commissioned", None),
                            ("decommissioned", None),
                            ("decommissioned__gte", models.F("commissioned")),
                            _connector="OR",
                        ),
                        name="instrument_dates_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("original_language__in", ["zh", "en"])), name="instrument_language_known"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["city", "id"], name="instrument_by_city"),
                    models.Index(fields=["owner", "id"], name="instrument_by_owner"),
                    models.Index(fields=["access", "id"], name="instrument_by_access"),
                    models.Index(fields=["status", "id"], name="instrument_by_status"),
                    models.Index(
                        condition=models.Q(("facility", None), _negated=True),
                        fields=["facility", "id"],
                        name="instrument_by_facility",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InstrumentTechnique",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rank", models.PositiveSmallIntegerField(default=0)),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="technique_links",
                        to="registry.instrument",
                    ),
                ),
                (
                    "technique",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instrument_links",
                        to="registry.technique",
                    ),
                ),
            ],
            options={
                "ordering": ["rank"],
                "constraints": [
                    models.UniqueConstraint(fields=("technique", "instrument"), name="instrument_technique_once"),
                    models.UniqueConstraint(fields=("instrument", "rank"), name="instrument_technique_rank_once"),
                ],
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="registry.person"
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("person", "organisation"), name="membership_once"),
        ),
        migrations.AddField(
            model_name="instrument",
            name="techniques",
            field=models.ManyToManyField(
                related_name="instruments", through="registry.InstrumentTechnique", to="registry.technique"
            ),
        ),
    ]
