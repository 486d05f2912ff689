"""The one record of a region: what is stored, and what the database itself guarantees."""

from headwater.registry.models.files import ImportRun
from headwater.registry.models.instruments import Access, Instrument, InstrumentStatus, InstrumentTechnique, Visibility
from headwater.registry.models.organisations import (
    Facility,
    FacilityField,
    FacilityStatus,
    Membership,
    MembershipRole,
    Organisation,
    OrganisationKind,
    Person,
    SizeClass,
    Tie,
    TieKind,
)
from headwater.registry.models.places import City, Jurisdiction, JurisdictionKind, Zone, ZoneKind
from headwater.registry.models.sources import Figure, Region, Source, SourceKind
from headwater.registry.models.vocabularies import ClassCode, ClassCrosswalk, Technique

__all__ = [
    "Access",
    "City",
    "ClassCode",
    "ClassCrosswalk",
    "Facility",
    "FacilityField",
    "FacilityStatus",
    "Figure",
    "ImportRun",
    "Instrument",
    "InstrumentStatus",
    "InstrumentTechnique",
    "Jurisdiction",
    "JurisdictionKind",
    "Membership",
    "MembershipRole",
    "Organisation",
    "OrganisationKind",
    "Person",
    "Region",
    "SizeClass",
    "Source",
    "SourceKind",
    "Technique",
    "Tie",
    "TieKind",
    "Visibility",
    "Zone",
    "ZoneKind",
]
