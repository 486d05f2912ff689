"""The demonstration's network: made once, marked, sized as published."""

from __future__ import annotations

import pytest
from tests.factories import AT, make_city, make_organisation, make_region, make_technique

from headwater.accounts.audit import SYSTEM
from headwater.partnering import queries, ranking
from headwater.partnering.actions.network import load_network
from headwater.partnering.models import Challenge, Partnership, PartnershipMember, Profile, Work
from headwater.registry.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded():
    make_region()
    cities = [make_city(population=1_000_000 * (one + 1)) for one in range(4)]
    groups = [make_technique(code=code) for code in ("mass_spectrometry", "genomics", "x_ray_methods")]
    for group in groups:
        for one in range(5):
            make_technique(code=f"{group.code}_{one}", parent=group)
    for at in range(12):
        make_organisation(city=cities[at % 4])
    return load_network(7, None, by=SYSTEM, at=AT, scale=0.1)


def test_network_is_made_once_marked_and_sized(loaded):
    assert Organisation.objects.filter(kind="company").count() == 60
    assert Organisation.objects.filter(kind="university").count() == 20
    assert all(
        one.synthetic for model in (Profile, Challenge, Partnership) for one in model.objects.select_related("source")
    )
    before = Profile.objects.count()
    assert load_network(7, None, by=SYSTEM, at=AT, scale=0.1) == {}
    assert Profile.objects.count() == before == loaded["profiles"]


def test_nothing_is_made_up_of_what_a_real_organisation_asked_or_agreed_to(loaded):
    real = Organisation.objects.exclude(source__key="synthetic-network-7")
    assert real.exists()
    assert PartnershipMember.objects.exists()
    for made in (
        Challenge.objects.filter(organisation__in=real),
        PartnershipMember.objects.filter(organisation__in=real),
        Work.objects.filter(partner__in=real),
    ):
        assert not made.exists(), made.model


def test_made_challenge_finds_candidates(loaded):
    challenge = Challenge.objects.filter(state="published").select_related("organisation__city").first()
    found = ranking.rank(challenge, queries.version_with_all(challenge), at=AT)
    assert found.candidates
    assert [one.score for one in found.candidates] == sorted((one.score for one in found.candidates), reverse=True)
