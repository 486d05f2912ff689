import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
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
            name="Timetable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("region", models.CharField(max_length=40, unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("file_name", models.CharField(max_length=200)),
                ("title", models.CharField(max_length=500)),
                ("vintage", models.CharField(max_length=200)),
                ("source", models.TextField()),
                ("synthetic", models.BooleanField()),
                ("feed", models.BinaryField()),
                ("loaded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                (
                    "instrument",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="entry",
                        serialize=False,
                        to="registry.instrument",
                    ),
                ),
                ("city_id", models.BigIntegerField()),
                ("jurisdiction_id", models.BigIntegerField()),
                ("owner_id", models.BigIntegerField()),
                ("owner_kind", models.CharField(max_length=20)),
                (
                    "techniques",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("class_code_id", models.BigIntegerField(null=True)),
                ("access", models.CharField(max_length=12)),
                ("status", models.CharField(max_length=20)),
                ("visibility", models.CharField(max_length=14)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("band", models.SmallIntegerField(null=True)),
                ("standing", models.SmallIntegerField()),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "db_table": "catalogue_entry",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("standing__gte", 0), ("standing__lte", 100)),
                        name="entry_standing_in_bounds",
                    )
                ],
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["words"], name="catalogue_words")],
            },
        ),
        migrations.CreateModel(
            name="IndexState",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("names_digest", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="index_state_one_row")],
            },
        ),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(editable=False, max_length=40, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("address", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField()),
                ("looked_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_searches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [models.UniqueConstraint(fields=("user", "address"), name="saved_search_once")],
            },
        ),
        migrations.CreateModel(
            name="Fit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("found_at", models.DateTimeField()),
                (
                    "instrument",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.instrument"
                    ),
                ),
                (
                    "search",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="fits", to="catalogue.savedsearch"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("search", "instrument"), name="saved_search_fit_once")],
            },
        ),
    ]
