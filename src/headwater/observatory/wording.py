"""The observatory's reasons, units and labels in words. The Chinese stands in the site's message catalogue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.accounts.words import Wording

INVALID = 422

ACTS = {
    "run.asked": _("run asked for"),
    "run.done": _("run done"),
}

REASONS = {
    "subject.unknown": Wording(
        _("“%(given)s” names nothing in the record. Write a kind and a code, such as city:hefei or zone:g60-corridor."),
        404,
    ),
    "period.unreadable": Wording(
        _(
            "“%(given)s” is no period. Write 2024, 2024-03, 2024-03-05, or two of them joined by two dots: 2023..2024-06."
        ),
        INVALID,
    ),
    "period.backwards": Wording(_("The period “%(given)s” ends before it begins. Turn it round."), INVALID),
    "indicator.unknown": Wording(_("There is no indicator “%(given)s”. The list of indicators names them all."), 404),
    "indicator.not_for_subject": Wording(
        _("This indicator is not defined for a subject of the kind %(kind)s. Choose one of: %(kinds)s."), INVALID
    ),
    "flow.unknown": Wording(
        _("There is no flow “%(given)s”. Choose publications, patents, uses, partnerships or payments."), INVALID
    ),
    "reach.limit": Wording(_("“%(given)s” is no reach. Give a number above 0 and no more than %(most)s."), INVALID),
    "cluster.unknown": Wording(
        _("“%(given)s” is no cluster of this run. Choose one from the table of the ranking."), 404
    ),
    "cluster.parameter": Wording(
        _("“%(given)s” is no parameter of a cluster run. Give a number from %(least)s up to %(most)s."), INVALID
    ),
    "region.none": Wording(_("No region is loaded yet, so there is nothing to measure. Load one first."), 404),
    "run.not_found": Wording(_("There is no such run. The lists of runs and reports name those there are."), 404),
    "run.sign_in": Wording(_("Sign in first: a run takes the machine's time, and its asker is written down."), 401),
    "run.reading_token": Wording(_("This token may only read. Make one that may write on your account page.")),
    "run.too_many_open": Wording(
        _("You have %(have)s runs waiting or under way. Wait until one has ended, then ask again."), 409
    ),
    "data.sign_in": Wording(_("Sign in first: the store's files are for analysts and operators."), 401),
    "data.analysts": Wording(
        _("Only analysts and operators may read the store's files; the figures from them are for everybody.")
    ),
    "run.analysts": Wording(
        _("Only analysts and operators may start cluster runs and snapshots, because they take much of the machine.")
    ),
}

# Units: the code that an estimate has, and the words for it.
UNITS = {
    "%": _("%"),
    "1": _("(a number)"),
    "challenges": _("challenges"),
    "cny": _("yuan"),
    "consortia": _("consortia"),
    "documents": _("documents"),
    "facilities": _("facilities"),
    "firms": _("firms"),
    "firms/day": _("firms a day"),
    "firms/km2": _("firms per km²"),
    "hours": _("hours"),
    "instruments": pgettext_lazy("unit", "instruments"),
    "joint_centres": _("joint centres"),
    "km": _("km"),
    "per_million": _("per million people"),
    "people": pgettext_lazy("unit", "people"),
    "projects": _("projects"),
    "quotient": _("times the common share"),
    "rank": _("rank"),
    "share": _("share, 0 to 1"),
    "ties": _("ties"),
    "universities": _("universities"),
    "z": _("standard deviations"),
}

# What a figure lacks, in words.
LACKS = {
    "alliances": _("The record holds no ties of this kind."),
    "area": _("The record has no area for it, so no density can be computed."),
    "challenges": _("No challenge was published here by then."),
    "clusters": _("No cluster run holds this city in a cluster."),
    "documents": _("The store holds too few documents for this. Bring some in with “headwater intake”."),
    "facilities": _("The record holds no facility here."),
    "firms": _("The store holds no firms for this. Bring some in with “headwater intake”."),
    "instruments": _("The record holds no such instrument here."),
    "lists": _("The store holds no such list. Bring one in with “headwater intake”."),
    "payments": _("The store holds fewer than three payments for this, too few to show without telling who paid what."),
    "projects": _("The store holds no projects of this facility."),
    "rail": _("The region has no timetable."),
    "uses": _("The store holds no use of instruments with its owner and its user for this."),
    "suppliers": _("The store holds no suppliers of this plant, or the plant has no place."),
}

KINDS = {
    "region": _("region"),
    "jurisdiction": _("province"),
    "city": _("city"),
    "zone": _("park or corridor"),
    "facility": _("facility"),
    "organisation": _("organisation"),
}

GROUPS = {
    "facilities": _("Facilities and instruments"),
    "firms": _("Firms and jobs"),
    "papers": _("Papers and patents"),
    "flows": _("Cooperation and the leading role"),
    "clusters": _("Innovation clusters"),
    "alliances": _("Consortia and partners"),
    "reach": _("Reach"),
}

# Labels of an answer's parts; a label that is not here is a name or number and shown as it is.
PARTS = {
    "accepted": pgettext_lazy("challenge", "result accepted"),
    "agreements": _("agreements in the record"),
    "asked": _("hours asked for"),
    "booking": _("by booking"),
    "both": _("in both"),
    "charge": _("users' own part"),
    "closed": pgettext_lazy("challenge", "closed"),
    "construction": _("under construction"),
    "contracted": pgettext_lazy("challenge", "under contract"),
    "country": _("in the country"),
    "distance": _("within the distance"),
    "elsewhere": _("hours from elsewhere or others"),
    "found": _("share of resamples that find it"),
    "given": _("hours given"),
    "here": _("here"),
    "km2": _("km²"),
    "list": _("members looked at"),
    "listed": _("listed companies"),
    "matched": pgettext_lazy("challenge", "matched"),
    "milestone": _("milestones"),
    "neither": _("in neither"),
    "operating": _("operating"),
    "over_expected": _("over what size and distance lead one to expect"),
    "planned": _("planned"),
    "present": _("members present"),
    "proposal": _("by proposal"),
    "published": pgettext_lazy("challenge", "published"),
    "rail": _("within the rail time"),
    "service": _("as a service"),
    "support": _("support used"),
    "ties": _("members' ties"),
    "unplaced": _("without a place"),
    "used": _("hours used"),
    "voucher": _("vouchers"),
    "materials": _("materials"),
    "chemistry": _("chemistry"),
    "physics": _("physics"),
    "biology": _("biology"),
    "medicine": _("medicine"),
    "computing": _("computing"),
    "electronics": _("electronics"),
    "mechanics": _("mechanics"),
    "energy": _("energy"),
    "environment": _("environment"),
    "agriculture": _("agriculture"),
    "aerospace": _("aerospace"),
    "integrated_circuits": _("integrated circuits"),
    "biomedicine": _("biomedicine"),
    "artificial_intelligence": _("artificial intelligence"),
    "publication": _("publications"),
    "patent": _("patents"),
    "deal": _("deals"),
}

# What a figure's records are: the store's tables, and the page that lists the platform's own.
TRACES: dict[str, tuple[tuple[str, ...], str]] = {
    "alliances": (("alliances",), "partnerships"),
    "challenges": (("challenges",), "challenges"),
    "clusters": (("addresses",), "observatory_clusters"),
    "documents": (("documents", "addresses"), ""),
    "facilities": ((), "facilities"),
    "firms": (("firms",), ""),
    "instruments": ((), "instruments"),
    "lists": (("listed", "presences"), ""),
    "payments": (("payments",), "money"),
    "projects": (("projects",), "beamtime"),
    "rail": ((), ""),
    "suppliers": (("suppliers",), ""),
    "uses": (("uses",), "bookings"),
}

# The sets of places that a catchment can be asked for.
SETS = {
    "suppliers": _("suppliers of the plant (all suppliers for a city)"),
    "organisations": _("research organisations"),
    "universities": _("universities"),
    "firms": _("high-tech enterprises, by city"),
    "people": _("people, by city"),
}

# What became of clusters when the parameters moved.
CHANGES = {
    "kept": pgettext_lazy("change", "kept"),
    "joined": pgettext_lazy("change", "joined"),
    "split": pgettext_lazy("change", "split"),
    "regrouped": pgettext_lazy("change", "regrouped"),
    "vanished": pgettext_lazy("change", "vanished"),
    "appeared": pgettext_lazy("change", "appeared"),
}

# Published figures that can't be computed, with what is missing.
UNCOMPUTED = {
    "region-collaboration-index": _(
        "Not computed: an index on its makers' own scale, put together from many measures. Neither its data nor its "
        "components and weights are held here, so a number made from these records would be another index under the "
        "same name. What it is about, cooperation between the cities, is measured openly on the page of flows."
    ),
}
