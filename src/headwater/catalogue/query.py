"""What a person typed, as terms that each must be met, and as PostgreSQL's tsquery. Pure.

A query is cut by the longest names the lexicon knows (techniques, cities, organisations, makers, in both languages);
what lies between becomes words. Each term may be met by any of its alternatives: a code that stands in the index for a
technique, a city or an organisation, or a run of tokens in a row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from headwater.catalogue.lexicon import HAN, Atom, Kind, Lexicon, atoms, holds
from headwater.engines.relevance import STOP_WORDS, singular, tokens

MOST_TERMS = 12
MOST_ALTERNATIVES = 40
RANKED_CODES = 4
# What people add without narrowing anything: not required when something else is asked for.
WEAK = frozenset(
    """
    instrument instruments equipment machine machines device devices system systems apparatus service services
    analysis analyses analyser analyzer analyzers test tests testing measurement measurements measure measuring
    lab laboratory sample samples
    仪 仪器 设备 机器 机 系统 装置 分析 测试 检测 测量 测定 服务 样品 仪器设备 分析仪 测试仪
    """.split()  # noqa: SIM905 — a list of words reads better
)
# What people call the thing that does a technique they named: "NMR spectrometer".
DEVICES = frozenset(
    """
    spectrometer spectrometers spectrometry spectroscopy microscope microscopes microscopy
    diffractometer diffractometers chromatograph
    光谱仪 波谱仪 能谱仪 质谱仪 色谱仪 显微镜 衍射仪 谱仪
    """.split()  # noqa: SIM905 — a list of words reads better
)
_STOP_HAN = frozenset("的与了吗呢")
_ASKING = re.compile(r"^(?:请问|我想|我要|想要|需要|哪里有|哪里|有没有|寻找|查找|找)+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\ufeff\ud800-\udfff]")
_QUOTED = re.compile(r"[\"“”„「」『』]([^\"“”„「」『』]{1,200})[\"“”„「」『』]")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that is asked for.

    Attributes
    ----------
    text : str
        As it was typed, for the page.
    kind : Kind or None
        What the lexicon knows it as.
    codes : tuple of str
        Any of these stands for it.
    phrases : tuple of tuples of str
        So does any of these runs of tokens.
    typed : tuple of str
        The tokens as typed: of two records that fit, the one that says it in these words comes first.
    required : bool
        Off for words that narrow nothing.
    begins : bool
        The last token may go on: "spectro" is met by "spectroscopy".
    """

    text: str
    kind: Kind | None = None
    codes: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    typed: tuple[str, ...] = ()
    required: bool = True
    begins: bool = False

    @property
    def quoted(self) -> bool:
        """Whether it was put between quotes: it is meant as it stands."""
        return self.text.startswith("“")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A query read: its terms, and what was left out of it, by stable codes."""

    text: str
    terms: tuple[Term, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.required)


def parse(text: str, lexicon: Lexicon) -> Parsed:
    """Read a query of up to some hundred characters; never fails.

    Remarks: ``control_characters`` and ``stop_words`` were left out, ``too_many_terms`` were cut, ``no_words`` were
    in it.
    """
    remarks = []
    clean = _CONTROL.sub(" ", text)
    if clean != text:
        remarks.append("control_characters")
    terms: list[Term] = []
    dropped = False
    rest = 0
    for match in _QUOTED.finditer(clean):
        found, lost = _free(clean[rest : match.start()], lexicon)
        terms += found
        dropped |= lost
        terms += _quoted(match.group(1))
        rest = match.end()
    found, lost = _free(clean[rest:], lexicon)
    terms += found
    dropped |= lost
    terms = _without_devices(list(dict.fromkeys(terms)))
    if terms and not any(term.required for term in terms):
        terms = [replace(term, required=True) for term in terms]
    if not terms and dropped:
        remarks.append("stop_words")
    elif not terms and clean.strip():
        remarks.append("no_words")
    if len(terms) > MOST_TERMS:
        terms = terms[:MOST_TERMS]
        remarks.append("too_many_terms")
    return Parsed(text, tuple(terms), tuple(remarks))


def _without_devices(terms: list[Term]) -> list[Term]:
    """The word for a device asks for nothing more where the technique before it is known."""
    return [
        replace(term, required=False)
        if place and term.kind is None and term.text in DEVICES and terms[place - 1].kind is Kind.TECHNIQUE
        else term
        for place, term in enumerate(terms)
    ]


def _quoted(text: str) -> list[Term]:
    """Words between quotes: in a row, as they stand."""
    split = tuple(tokens(text))
    return [Term(f"“{text.strip()}”", phrases=(split,), typed=split)] if split else []


def _free(text: str, lexicon: Lexicon) -> tuple[list[Term], bool]:
    """The terms of a text without quotes, and whether stop words were left out."""
    parts = atoms(_ASKING.sub("", text.strip()))
    terms: list[Term] = []
    between: list[Atom] = []
    dropped = False
    place = 0
    while place < len(parts):
        found = lexicon.at(parts, place)
        if found is None:
            between.append(parts[place])
            place += 1
            continue
        length, numbers = found
        words, lost = _words(between, lexicon)
        terms += words
        dropped |= lost
        between = []
        terms.append(_known(parts[place : place + length], numbers, lexicon))
        place += length
    words, lost = _words(between, lexicon)
    return terms + words, dropped | lost


def shown(parts: Sequence[Atom]) -> str:
    """Atoms as a person writes them: words apart, Chinese together."""
    out = ""
    for atom in parts:
        out += atom.text if not out or atom.han or _ends_in_han(out) else f" {atom.text}"
    return out


def _ends_in_han(text: str) -> bool:
    return bool(HAN.match(text[-1]))


def _known(parts: Sequence[Atom], numbers: Sequence[int], lexicon: Lexicon) -> Term:
    """The term of a known name."""
    kind = lexicon.concepts[numbers[0]].kind
    codes = tuple(dict.fromkeys(code for number in numbers for code in lexicon.concepts[number].codes))
    text = shown(parts)
    typed = tuple(tokens(text))
    if kind in (Kind.CITY, Kind.ORGANISATION):
        return Term(text, kind, codes, typed=typed)
    phrases = [typed, *(phrase for number in numbers for phrase in lexicon.phrases(number))]
    return Term(text, kind, codes, shortest(phrases), typed)


def shortest(phrases: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Without those that hold another: what meets them meets the other."""
    out: list[tuple[str, ...]] = []
    for phrase in sorted(dict.fromkeys(phrases), key=len):
        if phrase and not any(holds(phrase, kept) for kept in out):
            out.append(phrase)
    return tuple(out[:MOST_ALTERNATIVES])


def _words(parts: Sequence[Atom], lexicon: Lexicon) -> tuple[list[Term], bool]:
    """The terms of atoms that no name takes: one for each word and for each run of Chinese."""
    terms: list[Term] = []
    dropped = False
    runs: dict[tuple[int, int], list[Atom]] = {}
    for place, atom in enumerate(parts):
        runs.setdefault((atom.run, 0 if atom.han else place + 1), []).append(atom)
    for run in _joined(list(runs.values()), lexicon):
        if run[0].han:
            while run and run[0].text in _STOP_HAN:
                run, dropped = run[1:], True
            while run and run[-1].text in _STOP_HAN:
                run, dropped = run[:-1], True
            if not run:
                continue
        elif run[0].text in STOP_WORDS:
            dropped = True
            continue
        text = "".join(atom.text for atom in run)
        term = _word(text, lexicon)
        if len(run) > 1 and not run[0].han:  # known as one word, typed as two
            apart = tuple(atom.text for atom in run)
            term = replace(term, text=" ".join(apart), phrases=(*term.phrases, apart))
        terms.append(term)
    return terms, dropped


def _joined(runs: list[list[Atom]], lexicon: Lexicon) -> list[list[Atom]]:
    """Two words that techniques' names hold as one ("single crystal" of "single-crystal …") are taken together."""
    out: list[list[Atom]] = []
    for run in runs:
        before = out[-1] if out else []
        if len(before) == 1 and not before[0].han and not run[0].han and before[0].text + run[0].text in lexicon.tokens:
            before.append(run[0])
        else:
            out.append(run)
    return out


def _word(text: str, lexicon: Lexicon) -> Term:
    split = tuple(tokens(text))
    required = text not in WEAK and not (len(text) == 1 and HAN.match(text))
    holding = lexicon.techniques_holding(split) if required else []
    codes = tuple(dict.fromkeys(code for number in holding for code in lexicon.concepts[number].codes))
    forms = [(form,) for form in _forms(text)] if len(split) == 1 else [split]
    return Term(text, None, codes[:MOST_ALTERNATIVES], tuple(forms), split, required)


def _forms(word: str) -> list[str]:
    """An English word in the singular and the plural."""
    if not (word.isascii() and word.isalpha() and len(word) > 3):
        return [word]
    one = singular(word)
    many = f"{one[:-1]}ies" if one.endswith("y") and one[-2] not in "aeiou" else f"{one}s"
    return list(dict.fromkeys((word, one, many)))


# As PostgreSQL wants it -------------------------------------------------------------------------------------------
def literal(token: str) -> str:
    """A token between quotes."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def _phrase(phrase: Sequence[str], *, begins: bool = False) -> str:
    parts = [literal(token) for token in phrase]
    if begins:
        parts[-1] += ":*"
    return f"({' <-> '.join(parts)})" if len(parts) > 1 else parts[0]


def any_of(term: Term) -> str:
    """A term as a tsquery: any of its alternatives."""
    parts = [literal(code) for code in term.codes]
    parts += [_phrase(phrase, begins=term.begins) for phrase in term.phrases]
    return f"({' | '.join(parts)})" if len(parts) > 1 else parts[0]


def sought(term: Term, common: Mapping[str, float]) -> str:
    """A coarser tsquery, which all that meets the term meets and an index answers sooner; without the order of words.

    A phrase of many tokens is sought by the two that are least ``common``: the share of the entries in which a token
    stands, which only decides how soon the answer is there. What is found is held against `any_of`, where `in_a_row`.
    """
    parts = [frozenset({literal(code)}) for code in term.codes]
    parts += [_telling(phrase, common, begins=term.begins) for phrase in term.phrases]
    kept = [part for part in dict.fromkeys(parts) if not any(other < part for other in parts)]
    shown = [f"({' & '.join(sorted(part))})" if len(part) > 1 else next(iter(part)) for part in kept]
    return f"({' | '.join(shown)})" if len(shown) > 1 else shown[0]


def _telling(phrase: Sequence[str], common: Mapping[str, float], *, begins: bool) -> frozenset[str]:
    """The tokens of a phrase that an index is asked for: none that is only begun where others are there."""
    whole = list(dict.fromkeys(phrase[:-1] if begins else phrase))
    if not whole:
        return frozenset({literal(phrase[-1]) + ":*"})
    if common:
        whole.sort(key=lambda token: (common.get(token, 0.0), token))
        del whole[2:]
    return frozenset(map(literal, whole))


def in_a_row(term: Term) -> bool:
    """Whether the order of words decides on what meets a term: an index that only knows which words there are can't."""
    return any(len(phrase) > 1 for phrase in term.phrases)


def rank_query(terms: Iterable[Term]) -> str:
    """What records that fit are ranked by: the words as typed, and the codes of what they mean."""
    parts: list[str] = []
    for term in terms:
        if term.kind is not Kind.CITY:
            parts += [literal(code) for code in term.codes[:RANKED_CODES]]
            parts += [literal(token) + (":*" if term.begins else "") for token in term.typed]
    return " | ".join(dict.fromkeys(parts))


def taken_apart(terms: Iterable[Term]) -> list[Term]:
    """The terms of which any is enough; a run of Chinese that nothing holds is taken pair by pair as well."""
    out: list[Term] = []
    for term in terms:
        out.append(term)
        if term.kind is None and len(term.typed) > 1 and not term.quoted:
            out += [Term(token, phrases=((token,),), typed=(token,)) for token in term.typed]
    return out


# A second chance --------------------------------------------------------------------------------------------------
def with_beginnings(parsed: Parsed) -> Parsed | None:
    """The query with its last word taken for the beginning of one; None where that can't be."""
    if not parsed.terms:
        return None
    last = parsed.terms[-1]
    if (
        last.kind is not None
        or not last.typed
        or (last.typed[-1].isascii() and len(last.typed[-1]) < 3)
        or last.text[0] == "“"
    ):
        return None
    return replace(parsed, terms=(*parsed.terms[:-1], replace(last, begins=True, phrases=(last.typed,))))


def corrected(parsed: Parsed, lost: Sequence[Term], lexicon: Lexicon) -> str | None:
    """The query with each of the ``lost`` terms, which nothing holds, as the known word nearest to it.

    None where no word is near any of them.
    """
    words = [term.text.replace("“", '"').replace("”", '"') for term in parsed.terms]
    changed = False
    place = 0
    while place < len(words):
        term = parsed.terms[place]
        if term.kind is None and term in lost:
            for start, end in _windows(parsed.terms, place):
                near = _nearest("".join(words[start:end]), lexicon)
                if near:
                    words[start:end] = [near, *[""] * (end - start - 1)]
                    changed = True
                    place = end - 1
                    break
        place += 1
    return " ".join(filter(None, words)) if changed else None


def _windows(terms: Sequence[Term], place: int) -> list[tuple[int, int]]:
    """The stretches of Chinese around a term, longest first: a slip may have hidden where a name begins or ends."""
    if not HAN.match(terms[place].text):
        return [(place, place + 1)]
    before = place > 0 and bool(HAN.match(terms[place - 1].text)) and terms[place - 1].kind is not Kind.CITY
    after = place + 1 < len(terms) and bool(HAN.match(terms[place + 1].text)) and terms[place + 1].kind is not Kind.CITY
    spans = [
        (place - before, place + 1 + after),
        (place, place + 1 + after),
        (place - before, place + 1),
        (place, place + 1),
    ]
    return list(dict.fromkeys(spans))


def _nearest(text: str, lexicon: Lexicon) -> str | None:
    """A word with its slip mended: as a whole or, in a run of Chinese, in its longest part that is near a name."""
    if not HAN.match(text):
        near = lexicon.speller.nearest(text)
        return near if near != text else None
    for length in range(len(text), 2, -1):
        for start in range(len(text) - length + 1):
            part = text[start : start + length]
            near = lexicon.speller.nearest(part)
            if near and near not in part:
                return " ".join(filter(None, (text[:start], near, text[start + length :])))
    return None


def normal(text: str) -> str:
    """A query as it is compared and kept: one form of each character, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", _CONTROL.sub(" ", text)).split())
