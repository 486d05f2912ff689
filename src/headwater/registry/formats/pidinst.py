"""PIDINST 1.0 in JSON: the metadata schema for persistent identifiers of instruments (RDA recommendation RDA00070).

Written with the property names of the schema's JSON form. Read besides: the capitalised names of ePIC and
B2INST records, items wrapped in an object of their own, identifiers flat or nested. What PIDINST can't hold
stands in an object ``headwater``; a property that was edited since wins over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from django.conf import settings

from headwater.core.decision import Reason
from headwater.registry.drafts import DRAFT_FIELDS
from headwater.registry.formats import cells, own
from headwater.registry.formats.cells import CellError
from headwater.registry.formats.uniquip import Visible, bare_doi, in_scripts

if TYPE_CHECKING:
    from headwater.registry.drafts import InstrumentDraft
    from headwater.registry.models import Instrument

NAME = "pidinst"
REJECT = "headwaterReject"
UNKNOWN = ":unkn"  # what DataCite's guide says to write for a mandatory value that nobody knows
PROPERTIES = (
    *("identifier", "schemaVersion", "landingPage", "name", "owners", "manufacturers", "model", "description"),
    *("instrumentTypes", "measuredVariables", "dates", "relatedIdentifiers", "alternateIdentifiers", "headwater"),
)


def _plain(key: str) -> str:
    return key.replace("_", "").replace("-", "").casefold()


CANONICAL = {_plain(name): name for name in PROPERTIES} | {
    "owner": "owners",
    "manufacturer": "manufacturers",
    "models": "model",
    "instrumenttype": "instrumentTypes",
    "types": "instrumentTypes",
    "measuredvariable": "measuredVariables",
    "date": "dates",
    "relatedidentifier": "relatedIdentifiers",
    "alternateidentifier": "alternateIdentifiers",
}


def _get(item: Mapping[str, Any], *names: str) -> Any:
    found = {_plain(key): value for key, value in item.items()}
    for name in names:
        if _plain(name) in found:
            return found[_plain(name)]
    return None


def _text(value: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise CellError("import.shape_wrong", where, want="a text")
    return str(value).strip()


def _items(value: Any, where: str, stem: str) -> list[dict[str, Any]]:
    """A property's items, one or many, each out of the wrapping that some registries put it in."""
    found = []
    for item in value if isinstance(value, list) else [] if value is None else [value]:
        inner = _get(item, stem) if isinstance(item, dict) and len(item) == 1 else None
        item = inner if isinstance(inner, dict) else item
        if isinstance(item, str):
            item = {f"{stem}Name": item}
        if not isinstance(item, dict):
            raise CellError("import.shape_wrong", where, want="a list of objects")
        found.append(item)
    return found


def _identifier(item: Mapping[str, Any], stem: str, where: str) -> tuple[str, str]:
    """An item's identifier and its type, flat or nested."""
    value = _get(item, f"{stem}Identifier", "identifier")
    kind = _get(item, f"{stem}IdentifierType", "identifierType")
    if isinstance(value, dict):
        kind = _get(value, f"{stem}IdentifierType", "identifierType")
        value = _get(value, f"{stem}IdentifierValue", f"{stem}Identifier", "identifierValue", "identifier")
    return _text(value, where), _text(kind, where)


class _Reading:
    """One object being read, property by property."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.part: dict[str, Any] = {}
        self.hints: list[str] = []

    def identifier(self, value: Any) -> None:
        pid, kind = _identifier({"identifier": value}, "", "identifier")
        self.fields["pid"], self.fields["pid_type"] = (bare_doi(pid) if kind.upper() == "DOI" else pid), kind

    def identifier_type(self, value: Any) -> None:
        self.fields["pid_type"] = self.fields.get("pid_type") or _text(value, "identifierType")

    def schema_version(self, value: Any) -> None:
        if not _text(value, "schemaVersion").startswith("1."):
            raise CellError("import.shape_wrong", "schemaVersion", want="1.0")

    def landing_page(self, value: Any) -> None:
        self.fields["landing_page"] = _text(value, "landingPage")

    def name(self, value: Any) -> None:
        text = _text(value, "name")
        self.fields[f"name_{cells.by_script(text)}"] = text

    def description(self, value: Any) -> None:
        text = _text(value, "description")
        self.fields[f"description_{cells.by_script(text)}"] = text

    def owners(self, value: Any) -> None:
        items = _items(value, "owners", "owner")
        self.part["owners"] = items[1:]
        if items:
            identifier, kind = _identifier(items[0], "owner", "owners")
            name = _text(_get(items[0], "ownerName", "name"), "owners")
            self.fields["owner"] = identifier.removeprefix("https://ror.org/") if kind.upper() == "ROR" else name
            contact = _get(items[0], "ownerContact", "contact")
            if contact is not None:
                self.fields["contact_email"] = _text(contact, "owners").removeprefix("mailto:")

    def manufacturers(self, value: Any) -> None:
        items = _items(value, "manufacturers", "manufacturer")
        first = items[0] if items else {}
        name = _text(_get(first, "manufacturerName", "name"), "manufacturers")
        name = "" if name.casefold() in (UNKNOWN, ":unav", ":none", ":tba") else name
        self.fields[f"manufacturer_{cells.by_script(name)}"] = name
        self.fields["manufacturer_id"], self.part["manufacturerIdentifierType"] = _identifier(
            first, "manufacturer", "manufacturers"
        )
        self.part["manufacturers"] = items[1:]

    def model(self, value: Any) -> None:
        items = _items(value, "model", "model")
        first = items[0] if items else {}
        self.fields["model"] = _text(_get(first, "modelName", "name"), "model")
        self.fields["model_id"], self.part["modelIdentifierType"] = _identifier(first, "model", "model")

    def instrument_types(self, value: Any) -> None:
        items = _items(value, "instrumentTypes", "instrumentType")
        self.part["instrumentTypes"] = items
        self.hints += [_text(_get(item, "instrumentTypeName", "name"), "instrumentTypes") for item in items]

    def measured_variables(self, value: Any) -> None:
        found = []
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                item = _get(item, "measuredVariable", "variableMeasured", "name")
                item = _get(item, "variableMeasured", "name") if isinstance(item, dict) else item
            found.append(_text(item, "measuredVariables"))
        self.fields |= in_scripts("measured", filter(None, found))

    def dates(self, value: Any) -> None:
        self.fields |= {"commissioned": None, "decommissioned": None}
        others = []
        for item in _items(value, "dates", "date"):
            field = _text(_get(item, "dateType"), "dates").casefold()
            if field in ("commissioned", "decommissioned") and self.fields[field] is None:
                self.fields[field] = cells.read_date(_text(_get(item, "date", "dateValue"), "dates"), field)
            else:
                others.append(item)
        self.part["dates"] = others

    def related_identifiers(self, value: Any) -> None:
        found = []
        for item in _items(value, "relatedIdentifiers", "relatedIdentifier"):
            related = {CANONICAL_RELATED.get(_plain(key), key): one for key, one in item.items()}
            found.append(related)
        self.fields["related_ids"] = tuple(found)

    def alternate_identifiers(self, value: Any) -> None:
        found = {"serialnumber": "", "inventorynumber": ""}
        others = []
        for item in _items(value, "alternateIdentifiers", "alternateIdentifier"):
            kind = _plain(
                _text(_get(item, "alternateIdentifierType", "identifierType", "type"), "alternateIdentifiers")
            )
            if kind in found and not found[kind]:
                names = ("alternateIdentifier", "alternateIdentifierValue", "identifier")
                found[kind] = _text(_get(item, *names), "alternateIdentifiers")
            else:
                others.append(item)
        self.part["alternateIdentifiers"] = others
        self.fields["serial_number"] = found["serialnumber"]
        if found["inventorynumber"]:
            self.fields["local_id"] = found["inventorynumber"]


CANONICAL_RELATED = {
    "relatedidentifier": "relatedIdentifier",
    "relatedidentifiervalue": "relatedIdentifier",
    "identifier": "relatedIdentifier",
    "relatedidentifiertype": "relatedIdentifierType",
    "type": "relatedIdentifierType",
    "relationtype": "relationType",
    "relation": "relationType",
    "relatedidentifiername": "relatedIdentifierName",
}
READ_BY = {
    "identifier": _Reading.identifier,
    "schemaVersion": _Reading.schema_version,
    "landingPage": _Reading.landing_page,
    "name": _Reading.name,
    "owners": _Reading.owners,
    "manufacturers": _Reading.manufacturers,
    "model": _Reading.model,
    "description": _Reading.description,
    "instrumentTypes": _Reading.instrument_types,
    "measuredVariables": _Reading.measured_variables,
    "dates": _Reading.dates,
    "relatedIdentifiers": _Reading.related_identifiers,
    "alternateIdentifiers": _Reading.alternate_identifiers,
}


def read_visible(item: Mapping[str, Any]) -> Visible:
    """Read PIDINST's own properties; what is not there is not in the fields, what is unknown is kept as it is."""
    reading = _Reading()
    problems = []
    for key, value in item.items():
        canonical = CANONICAL.get(_plain(key))
        try:
            if canonical in READ_BY:
                READ_BY[canonical](reading, value)
            elif _plain(key) == "identifiertype":
                reading.identifier_type(value)
            elif canonical != "headwater" and key != REJECT:
                reading.part[key] = value
        except CellError as error:
            problems.append(error.reason)
    return Visible(reading.fields, reading.part, tuple(reading.hints), tuple(problems))


# Our own object -------------------------------------------------------------------------------------------------
def write_exact(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The object ``headwater``: every field as plain JSON."""
    exact = {"public_id": fields["public_id"], "synthetic": fields["synthetic"]}
    for name in DRAFT_FIELDS:
        value = fields[name]
        exact[name] = (
            list(value) if isinstance(value, tuple) else value.isoformat() if isinstance(value, date) else value
        )
    return exact


def _exact(name: str, value: Any) -> Any:
    where = f"headwater.{name}"
    if name in own.DATES:
        return cells.read_date(_text(value, where), name)
    if name in own.LISTS:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise CellError("import.shape_wrong", where, want='["…", "…"]')
    if name == "related_ids":
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            return tuple(value)
        raise CellError("import.shape_wrong", where, want="[{…}, …]")
    kinds: dict[str, tuple[type | tuple[type, ...], str]] = {
        "extra": (dict, "{…}"),
        "synthetic": (bool, "true / false"),
        "value_minor": ((int, type(None)), "a whole number"),
        "lat": ((int, float, type(None)), "a number"),
        "lon": ((int, float, type(None)), "a number"),
    }
    kind, want = kinds.get(name, (str, "a text"))
    if not isinstance(value, kind) or (isinstance(value, bool) and name != "synthetic"):
        raise CellError("import.shape_wrong", where, want=want)
    if name in own.NUMBERS and value is not None:
        return cells.read_number(repr(value), name)
    return value


def read_exact(item: Any) -> tuple[dict[str, Any], list[Reason]]:
    """The fields of an object ``headwater``; properties that no record has are passed over."""
    if not isinstance(item, dict):
        return {}, [Reason("import.shape_wrong", facts={"field": "headwater", "want": "{…}"})]
    fields: dict[str, Any] = {}
    problems = []
    for name in ("public_id", "synthetic", *DRAFT_FIELDS):
        if name in item:
            try:
                fields[name] = _exact(name, item[name])
            except CellError as error:
                problems.append(error.reason)
    return fields, problems


def _page_of(public_id: str, plain: Visible) -> str:
    """The page that stood in for a missing identifier or landing page when the object was written."""
    for name in ("pid", "landing_page"):
        text = plain.fields.get(name, "")
        if public_id and text.rstrip("/").endswith(f"/{public_id}"):
            return str(text)
    return ""


def parse(item: Mapping[str, Any]) -> Visible:
    """Read one object: the exact values where it has them, changed by the properties edited since."""
    plain = read_visible(item)
    mine = _get(item, "headwater")
    if mine is None:
        return plain
    exact, problems = read_exact(mine)
    base = {name: getattr(own.EMPTY, name) for name in DRAFT_FIELDS} | {"public_id": "", "synthetic": False} | exact
    told = read_visible(write_visible(base, address=_page_of(base["public_id"], plain)))
    fields = exact | {
        name: value
        for name, value in plain.fields.items()
        if value != told.fields.get(name) and not (name == "owner" and "owner" in exact)
    }
    part = {
        key: value
        for key, value in plain.part.items()
        if value != told.part.get(key) and not (key == "instrumentTypes" and "techniques" in exact)
    }
    return Visible(fields, part, (), (*problems, *plain.problems))


# Writing --------------------------------------------------------------------------------------------------------
def _nested(stem: str, value: str, kind: str) -> dict[str, Any]:
    return {f"{stem}Identifier": {f"{stem}Identifier": value, f"{stem}IdentifierType": kind}} if value else {}


def _rest(kept: Mapping[str, Any], name: str) -> list[Any]:
    rest = kept.get(name)
    return list(rest) if isinstance(rest, list) and all(isinstance(one, dict) for one in rest) else []


def write_visible(fields: Mapping[str, Any], *, address: str) -> dict[str, Any]:
    """PIDINST's own properties of a record; ``address`` is its page here, for the ones that have no other."""
    section = fields["extra"].get(NAME)
    kept: dict[str, Any] = section if isinstance(section, dict) else {}
    owner: dict[str, Any] = {"ownerName": fields.get("owner_name") or fields["owner"]}
    if fields["contact_email"]:
        owner["ownerContact"] = fields["contact_email"]
    owner |= _nested("owner", fields.get("owner_ror") or "", "ROR")
    manufacturer = {"manufacturerName": fields["manufacturer_en"] or fields["manufacturer_zh"] or UNKNOWN}
    manufacturer |= _nested(
        "manufacturer", fields["manufacturer_id"], _kept_text(kept, "manufacturerIdentifierType", "URL")
    )
    written: dict[str, Any] = {
        "identifier": {
            "identifier": fields["pid"] or address,
            "identifierType": fields["pid_type"] if fields["pid"] else "URL",
        },
        "schemaVersion": "1.0",
        "landingPage": fields["landing_page"] or address,
        "name": fields["name_en"] or fields["name_zh"],
        "owners": [owner, *_rest(kept, "owners")],
        "manufacturers": [manufacturer, *_rest(kept, "manufacturers")],
    }
    if fields["model"]:
        written["model"] = {"modelName": fields["model"]} | _nested(
            "model", fields["model_id"], _kept_text(kept, "modelIdentifierType", "URL")
        )
    if text := fields["description_en"] or fields["description_zh"]:
        written["description"] = text
    if types := _rest(kept, "instrumentTypes") or [
        {"instrumentTypeName": name} | _nested("instrumentType", code, "Headwater technique")
        for code, name in zip(fields["techniques"], fields.get("technique_names", ()), strict=False)
    ]:
        written["instrumentTypes"] = types
    if measured := fields["measured_en"] or fields["measured_zh"]:
        written["measuredVariables"] = list(measured)
    days = (("Commissioned", fields["commissioned"]), ("DeCommissioned", fields["decommissioned"]))
    if dates := [{"date": day.isoformat(), "dateType": kind} for kind, day in days if day] + _rest(kept, "dates"):
        written["dates"] = dates
    if related := [one for one in fields["related_ids"] if isinstance(one.get("relatedIdentifier"), str)]:
        written["relatedIdentifiers"] = related
    numbers = (("SerialNumber", fields["serial_number"]), ("InventoryNumber", fields["local_id"]))
    alternate = [{"alternateIdentifier": text, "alternateIdentifierType": kind} for kind, text in numbers if text]
    if alternate := alternate + _rest(kept, "alternateIdentifiers"):
        written["alternateIdentifiers"] = alternate
    known = {*CANONICAL, "identifiertype"}
    others = {key: value for key, value in kept.items() if _plain(key) not in known and key not in INNER}
    return written | others


INNER = ("manufacturerIdentifierType", "modelIdentifierType", REJECT)


def _kept_text(kept: Mapping[str, Any], name: str, default: str) -> str:
    text = kept.get(name)
    return text if isinstance(text, str) and text else default


def write(fields: Mapping[str, Any], *, address: str) -> dict[str, Any]:
    """One object: PIDINST's properties and the object ``headwater`` with every field exactly."""
    return write_visible(fields, address=address) | {"headwater": write_exact(fields)}


def page_address(public_id: str) -> str:
    """The instrument's page on this node."""
    return f"{settings.BASE_URL or 'http://localhost:8000'}/instruments/{public_id}/"


def write_for(fields: Mapping[str, Any], *, with_contact: bool) -> dict[str, Any]:
    """One object as a reader may see it: without the contact where it is not for her."""
    blank: dict[str, str] = {} if with_contact else dict.fromkeys(own.CONTACT, "")
    item = write({**fields, **blank}, address=page_address(fields["public_id"]))
    for name in blank:
        del item["headwater"][name]
    return item


def document_of(instrument: Instrument, draft: InstrumentDraft, *, with_contact: bool) -> dict[str, Any]:
    """One stored instrument as PIDINST; ``draft`` is what it holds. Read it `queries.with_all` to spare queries."""
    fields: dict[str, Any] = {name: getattr(draft, name) for name in DRAFT_FIELDS}
    fields |= {
        "public_id": instrument.public_id,
        "synthetic": instrument.synthetic,
        "owner_name": instrument.owner.name_en or instrument.owner.name_zh,
        "owner_ror": instrument.owner.ror,
        "technique_names": [
            link.technique.name_en or link.technique.name_zh for link in instrument.technique_links.all()
        ],
    }
    return write_for(fields, with_contact=with_contact)
