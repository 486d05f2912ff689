import re

import pytest
from hypothesis import given, strategies as st

from headwater.core.identity import ALPHABET, derived_id, new_id, valid_orcid, valid_ror

# Published by their registries: ORCID's own examples; Caltech, Shanghai Jiao Tong, Fudan and Zhejiang universities.
ORCIDS = ["0000-0002-1825-0097", "0000-0001-5109-3700", "0000-0002-1694-233X"]
RORS = ["05dxps055", "0220qvk04", "013q1eq08", "00a2xv884"]


def test_derived_id_never_changes():
    assert derived_id("org", "yrd", "fudan-university") == "org_yrdbd76a0x5qdxd"


def test_derived_id_tells_its_parts_apart():
    made = {
        derived_id("ins", "tz", "a", "b"),
        derived_id("ins", "tz", "ab"),
        derived_id("ins", "tz", "b", "a"),
        derived_id("ins", "tzz", "a", "b"),
        derived_id("org", "tz", "a", "b"),
    }
    assert len(made) == 5


def test_new_id_has_kind_node_and_twelve_unambiguous_letters():
    made = {new_id("ins", "yrd") for _ in range(200)}
    assert len(made) == 200
    assert [one for one in made if not re.fullmatch(f"ins_yrd[{ALPHABET}]{{12}}", one)] == []
    assert sorted(set("ilou") & set(ALPHABET)) == []


@pytest.mark.parametrize("text", ORCIDS)
def test_orcid_of_a_real_person_is_valid(text):
    assert valid_orcid(text) is True


@pytest.mark.parametrize("text", RORS)
def test_ror_of_a_real_organisation_is_valid(text):
    assert valid_ror(text) is True


@pytest.mark.parametrize(
    "text",
    ["", "0000000218250097", "0000-0002-1825-009x", "https://orcid.org/0000-0002-1825-0097", "0000-0002-1694-2330"],
)
def test_orcid_of_another_form_is_not_valid(text):
    assert valid_orcid(text) is False


@pytest.mark.parametrize("text", ["", "15dxps055", "05dxps05", "05DXPS055", "https://ror.org/05dxps055", "05dxpi055"])
def test_ror_of_another_form_is_not_valid(text):
    assert valid_ror(text) is False


def orcid_of(digits: str) -> str:
    """ISO 7064 mod 11-2 by its definition: the weighted sum leaves 1."""
    check = next(c for c in range(11) if (sum(int(d) << (15 - i) for i, d in enumerate(digits)) + c) % 11 == 1)
    text = digits + ("X" if check == 10 else str(check))
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def ror_of(letters: str) -> str:
    """ISO 7064 mod 97-10 by its definition: the number with its check digits leaves 1."""
    number = int("".join(f"{ALPHABET.index(letter):05b}" for letter in letters), 2)
    check = next(c for c in range(2, 99) if (number * 100 + c) % 97 == 1)
    return f"0{letters}{check:02d}"


@given(st.text("0123456789", min_size=15, max_size=15), st.integers(0, 15), st.integers(1, 9))
def test_changing_one_digit_of_an_orcid_breaks_it(digits, place, step):
    good = orcid_of(digits)
    assert valid_orcid(good)
    plain = good.replace("-", "")
    old = 10 if plain[place] == "X" else int(plain[place])
    bad = plain[:place] + str((old + step) % 10 if old < 10 else step) + plain[place + 1 :]
    assert not valid_orcid("-".join(bad[i : i + 4] for i in range(0, 16, 4)))


@given(st.text(ALPHABET, min_size=6, max_size=6), st.integers(0, 5), st.integers(1, 31))
def test_changing_one_letter_of_a_ror_id_breaks_it(letters, place, step):
    good = ror_of(letters)
    assert valid_ror(good)
    other = ALPHABET[(ALPHABET.index(letters[place]) + step) % 32]
    assert not valid_ror(f"0{letters[:place]}{other}{letters[place + 1 :]}{good[7:]}")


@given(st.text(ALPHABET, min_size=6, max_size=6), st.integers(1, 99))
def test_changing_the_check_digits_of_a_ror_id_breaks_it(letters, step):
    good = ror_of(letters)
    assert not valid_ror(f"{good[:7]}{(int(good[7:]) + step) % 100:02d}")
