"""What the tables of booking share."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

USER = settings.AUTH_USER_MODEL
SYNTHETIC = "synthetic"  # the reference of what was made up


def range_sound(field: str, name: str) -> models.CheckConstraint:
    """A span has a start and an end, holds its start and not its end, and is not empty."""
    return models.CheckConstraint(
        condition=Q(
            **{
                f"{field}__isempty": False,
                f"{field}__lower_inc": True,
                f"{field}__upper_inc": False,
                f"{field}__lower_inf": False,
                f"{field}__upper_inf": False,
            }
        ),
        name=name,
    )
