"""What finding needs beside the record: an index of instruments, searches people keep, timetables."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from headwater.registry.models import Instrument


class Entry(models.Model):
    """An instrument as searching sees it: derived from the record, written in the same transaction, never edited.

    ``words`` holds the tokens of `headwater.catalogue.words`; the other columns are what results are narrowed,
    counted and sorted by. Keys of other tables are plain numbers: the record guards them.
    """

    instrument = models.OneToOneField(Instrument, models.CASCADE, primary_key=True, related_name="entry")
    city_id = models.BigIntegerField()
    jurisdiction_id = models.BigIntegerField()
    owner_id = models.BigIntegerField()
    owner_kind = models.CharField(max_length=20)
    techniques = ArrayField(models.BigIntegerField(), default=list)
    class_code_id = models.BigIntegerField(null=True)
    access = models.CharField(max_length=12)
    status = models.CharField(max_length=20)
    visibility = models.CharField(max_length=14)
    currency = models.CharField(max_length=3, blank=True)
    band = models.SmallIntegerField(null=True)
    standing = models.SmallIntegerField()
    words = SearchVectorField()

    class Meta:
        db_table = "catalogue_entry"
        indexes = [
            GinIndex(fields=["words"], name="catalogue_words"),
            models.Index(fields=["-standing", "instrument"], name="catalogue_in_order"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(standing__gte=0, standing__lte=100), name="entry_standing_in_bounds")
        ]

    def __str__(self) -> str:
        return f"entry {self.pk}"


class IndexState(models.Model):
    """Which names of organisations, places and facilities the entries were made with; one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    names_digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="index_state_one_row")]

    def __str__(self) -> str:
        return self.names_digest


class Timetable(models.Model):
    """A railway timetable as it was read, so that pages and workers find it without the region's folder."""

    region = models.CharField(max_length=40, unique=True)
    digest = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200)
    title = models.CharField(max_length=500)
    vintage = models.CharField(max_length=200)
    source = models.TextField()
    synthetic = models.BooleanField()
    feed = models.BinaryField()
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.title}, {self.vintage}"


class SavedSearch(models.Model):
    """A search somebody keeps: what it asks, as it stands in an address. New fits are told of once."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=2000)
    created_at = models.DateTimeField()
    looked_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "address"], name="saved_search_once")]

    def __str__(self) -> str:
        return self.name


class Fit(models.Model):
    """An instrument that a saved search has found: known when it was saved, or told of since. Never told of twice."""

    search = models.ForeignKey(SavedSearch, models.CASCADE, related_name="fits")
    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="+")
    found_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "instrument"], name="saved_search_fit_once")]

    def __str__(self) -> str:
        return f"{self.search}: {self.instrument_id}"
