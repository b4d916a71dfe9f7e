"""Rules of the extraction stage: typed, checked and compiled from the data files beside this module.

Patterns in the files are short: `<name>` stands for a word set of the same file, `<12>` for up to
twelve characters without a sentence end. Every gap is bounded, so that no pattern can go quadratic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from etl.errors import RulesError
from etl.rules import ROOT, read_toml, read_tsv
from etl.rules.divisions import Divisions, build_divisions
from etl.rules.factoring import compile_factored
from etl.rules.scan import Scanner
from etl.rules.trie import trie_pattern
from etl.rules.words import Words

Pattern = re.Pattern[str]
NO_WEIGHT = "P"  # in the files of weights
PLAIN_SET_RE = re.compile(r"[\w|]+")
MACRO_RE = re.compile(r"(?<!\?P)<(\w+)>")


@dataclass(frozen=True, slots=True)
class Weights:
    """What characters and pairs of characters weigh for each of some labels.

    A row holds 16 bits for each label, the first label's foremost, so that rows are added as whole numbers: a tenth
    of the time of adding label by label. A weight is 255 at most, so that the sums of 257 rows still fit.
    """

    labels: tuple[str, ...]
    rows: Mapping[str, int]
    none: int  # what stands for nothing in a row
    step: float  # of a weight from one such number to the next


@dataclass(frozen=True, slots=True)
class Competing:
    """Kinds, by what they begin with, that become another where `words` stand and those of `unless` do not."""

    kind: str
    becomes: str
    words: Pattern
    unless: Pattern


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """One outcome; `kinds` limits it, `not_kinds` forbids it there (prefixes of codes), `none` denies it."""

    code: str
    tag: str  # under which the scanner finds its words
    none_tag: str  # and those of `none`
    kinds: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    none: Pattern | None = None


@dataclass(frozen=True, slots=True)
class OutcomeRules:
    """The outcomes, the words that deny them or put them off, and how a kind usually ends."""

    codes: tuple[OutcomeRule, ...]
    negation: Pattern
    words: Mapping[str, Pattern]
    usual: Mapping[str, str]  # first part of a kind -> outcome


@dataclass(frozen=True, slots=True)
class PeopleRules:
    """Words around names."""

    title_sex: Mapping[str, str]  # title -> M, F or "" (officer titles are in officer_titles)
    long_titles: tuple[str, ...]  # those of two characters or more: after a surname no given name
    title_begins: frozenset[str]  # their first two characters
    officer_titles: frozenset[str]
    common_titles: frozenset[str]
    before_common: frozenset[str]
    never_titled: frozenset[str]
    role_of: Mapping[str, str]  # word before a name -> role
    officer_leads: frozenset[str]  # those of officers
    lead_sizes: Mapping[str, tuple[int, ...]]  # last two characters -> lengths of such words, longest first
    follow_two: frozenset[str]
    follow_one: frozenset[str]
    bad_given: frozenset[str]
    given: frozenset[str]
    verbish: frozenset[str]  # characters of given names that also begin words
    given_after_mou: frozenset[str]  # further ones, which are given names after 某 alone: 李某发
    given_pairs: frozenset[str]  # given names that hold a character of `bad_given`: 向东
    adverbs_after_mou: frozenset[
        str
    ]  # those that make a word of one character, and mostly are one: 正和朋友打牌
    no_word_alone: frozenset[str]  # those of both that make no word without a second character
    begun_after_mou: frozenset[str]  # words that begin with such a character: 李某发现
    not_names: frozenset[str]
    small: frozenset[str]
    old: frozenset[str]
    sounds: frozenset[str]  # characters that write names of other languages
    begins: frozenset[str]  # first characters of surnames, and those
    sounded_leads: frozenset[str]  # words before such names, beside those for officers
    bare: Pattern  # surname and a given name of two usual characters
    single: frozenset[str]
    compound: frozenset[str]
    roles: Scanner  # for the words around a name, in which @ stands for it


@dataclass(frozen=True, slots=True, eq=False)  # hashed by identity: units are cached by it
class UnitRules:
    """Words that make and bound unit names."""

    level_of: Mapping[str, str]
    ending: Pattern
    cut: Pattern
    indefinite: frozenset[str]  # words before an ending that name no unit
    posts: frozenset[str]  # those before 岗亭 alone
    keep: frozenset[str]
    pronouns: Mapping[str, str]  # 该所 -> station
    pronoun: Pattern
    helping_before: Pattern
    helping_after: Pattern


@dataclass(frozen=True, slots=True)
class LunarYear:
    """One lunar year: solar date of its first day, its leap month (0: none), month lengths, solar terms."""

    first: date
    leap: int
    lengths: tuple[int, ...]
    terms: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class TimeRules:
    """Fixed lists of time words."""

    parts: Mapping[str, tuple[int, int]]
    relative: Mapping[str, tuple[int, str]]
    chain: Mapping[str, tuple[int, str]]
    vague: frozenset[str]
    solar: Mapping[str, tuple[int, int, int]]
    lunar: Mapping[str, tuple[int, int, int]]
    terms: Mapping[str, str]
    years: Mapping[int, LunarYear]
    atom: Pattern
    number: Pattern  # where an atom may begin
    starts: Words  # likewise
    moments: Mapping[str, Pattern]  # words around an expression: report, discovery and so on


@dataclass(frozen=True, slots=True)
class ItemRules:
    """Item nouns, their contexts, and words around sums of money."""

    nouns: Words
    by_kind: Mapping[str, frozenset[str]]
    everywhere: frozenset[str]
    before: Pattern
    after: Pattern
    stake: Pattern
    not_stake: Pattern


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """Words for places, and patterns around them by table of the file."""

    words: Words
    patterns: Mapping[str, Pattern]


@dataclass(frozen=True, slots=True)
class FigureRules:
    """A figure, and how its unit is written in one way."""

    figure: Pattern
    counted: Pattern  # from its last digit to its unit: quick to look for
    units: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ArticleKindRules:
    """Titles by which the sort of an article is told; the first of `title` that fits holds."""

    notice: Pattern
    title: tuple[tuple[str, Pattern], ...]


@dataclass(frozen=True, slots=True)
class ExtractRules:
    """Everything the extraction stage looks up."""

    weights: Weights
    competing: tuple[Competing, ...]
    cues: Mapping[str, Pattern]
    scanner: Scanner
    outcomes: OutcomeRules
    people: PeopleRules
    units: UnitRules
    times: TimeRules
    items: ItemRules
    places: PlaceRules
    article_kinds: ArticleKindRules
    figures: FigureRules
    divisions: Divisions
    enums: Mapping[str, tuple[Mapping[str, str], ...]]


def load() -> ExtractRules:
    """The extraction rules. Raises RulesError that names file and key."""
    outcomes, ends = _outcomes()
    kind_file = read_toml("kinds.toml")
    people = _people()
    families = {name: table["any"] for name, table in read_toml("cues.toml").items()}
    return ExtractRules(
        weights=_weights(kind_file, outcomes),
        competing=tuple(_competing(row) for row in kind_file["competing"]),
        cues=_Families("cues.toml", families),
        scanner=_scanner(ends, families, people),
        outcomes=outcomes,
        people=people,
        units=_units(),
        times=_times(),
        items=_items(),
        places=_places(),
        article_kinds=_article_kinds(),
        figures=_figures(),
        divisions=build_divisions(read_tsv("places.tsv", 2), read_tsv("place_changes.tsv", 3)),
        enums=_enums(kind_file["kind"]),
    )


class _Families(dict[str, Pattern]):
    """Patterns by family, each compiled when first asked for: most are only looked for by the scanner."""

    def __init__(self, file: str, families: Mapping[str, Iterable[str]]) -> None:
        super().__init__()
        self._file, self._families = file, families

    def __missing__(self, name: str) -> Pattern:
        self[name] = compile_any(self._families[name], self._file, name)
        return self[name]


def _compiled(pattern: str, file: str, key: str) -> Pattern:
    """One regular expression of a rule file. Raises RulesError that names file and key."""
    try:
        return compile_factored(pattern)
    except re.error as e:
        raise RulesError(f"rules/{file}: {key}: {e}") from e


def enums() -> dict[str, tuple[Mapping[str, str], ...]]:
    """Every closed list with code, zh, en and, where given, group and definition: for lookup tables and codebook.

    >>> [row["code"] for row in enums()["polarity"]]
    ['actual', 'prevented', 'false_alarm']
    """
    return _enums(read_toml("kinds.toml")["kind"])


def _enums(kinds: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Mapping[str, str], ...]]:
    lists: dict[str, Any] = dict(read_toml("enums.toml"))
    lists["kind"] = [
        {k: row[k] for k in ("code", "zh", "en", "group", "definition") if k in row} for row in kinds
    ]
    for name, rows in lists.items():
        codes = [row.get("code") for row in rows]
        if len(set(codes)) != len(codes) or not all(row.get("zh") and row.get("en") for row in rows):
            raise RulesError(f"rules/enums.toml: {name}: codes must be unique, zh and en given")
    return {name: tuple(rows) for name, rows in lists.items()}


def expand(pattern: str, sets: Mapping[str, str] | None = None) -> str:
    """A rule pattern as a regular expression: gaps and word sets written out.

    >>> expand("砸<4>车窗")
    '砸[^。！？\\\\n]{0,4}车窗'
    """

    def one(m: re.Match[str]) -> str:
        name = m[1]
        if name.isdigit():
            return f"[^。！？\\n]{{0,{name}}}"
        if sets is None or name not in sets:
            raise KeyError(name)
        return sets[name]

    return MACRO_RE.sub(one, pattern)


def compile_any(
    patterns: Iterable[str], file: str, key: str, sets: Mapping[str, str] | None = None
) -> Pattern:
    """One alternation of `patterns`. Raises RulesError with file and key if one does not compile."""
    try:
        return compile_factored("|".join(f"(?:{expand(p, sets)})" for p in patterns))
    except (re.error, KeyError) as e:
        raise RulesError(f"rules/{file}: {key}: {e}") from e


def words(items: Iterable[str]) -> str:
    """A pattern of plain words in which a longer word is never cut short; see `trie_pattern`."""
    return trie_pattern(items)


def _sets(data: Mapping[str, Any]) -> dict[str, str]:
    """The word sets of a rule file as patterns."""
    sets = {name: str(value) for name, value in data.get("sets", {}).items()}
    return {name: trie_pattern(v.split("|")) if PLAIN_SET_RE.fullmatch(v) else v for name, v in sets.items()}


def _scanner(
    ends: Iterable[tuple[str, str]],
    families: Mapping[str, Iterable[str]],
    people: PeopleRules,
) -> Scanner:
    """The scanner over outcomes, cues and words around names; RulesError for a pattern without an anchor."""
    cues = [
        (f"cue:{name}", expand(p)) for name, patterns in families.items() if name != "since" for p in patterns
    ]
    named = [("person:before", word) for word in people.role_of]
    named += [("person:title", word) for word in ("某", *people.title_sex, *people.officer_titles)]
    try:
        return Scanner([*ends, *cues, *named])
    except (re.error, ValueError) as e:
        raise RulesError(f"rules/outcomes.toml or cues.toml: {e}") from e


def _competing(row: Mapping[str, str]) -> Competing:
    words, unless = (_compiled(row[key], "kinds.toml", f"competing.{key}") for key in ("words", "unless"))
    return Competing(row["kind"], row["becomes"], words, unless)


def _weights(kinds: Mapping[str, Any], outcomes: OutcomeRules) -> Weights:
    """The weights; RulesError where they were learned for other codes or a row has not one for each."""
    codes = {
        "case",
        *(f"kind:{row['code']}" for row in kinds["kind"]),
        *(f"outcome:{o.code}" for o in outcomes.codes if o.code != "ongoing"),
    }
    (step, head), *lines = read_tsv("weights.tsv", 2)
    labels = tuple(head.split())
    if set(labels) != codes:
        raise RulesError("rules/weights.tsv: learned for other kinds or outcomes; build it anew")
    wrong = next((gram for gram, row in lines if len(row) != len(labels) or not fits_bytes(row)), None)
    if wrong is not None:
        raise RulesError(f"rules/weights.tsv: {wrong}: expected {len(labels)} weights of 255 at most")
    rows = {gram: int.from_bytes(weights.encode("utf-16-be")) for gram, weights in lines}
    return Weights(labels, rows, ord(NO_WEIGHT), float(step))


def fits_bytes(row: str) -> bool:
    """Whether no character is above 255; most rows are ASCII, which is known at once."""
    return row.isascii() or max(row) <= "\xff"


def _outcomes() -> tuple[OutcomeRules, list[tuple[str, str]]]:
    """The outcomes and, under their tags, the patterns that state them."""
    data = read_toml("outcomes.toml")
    negation = _compiled(data.pop("negation"), "outcomes.toml", "negation")
    words = {name: _compiled(p, "outcomes.toml", f"words.{name}") for name, p in data.pop("words").items()}
    usual = data.pop("usual")
    codes, ends = [], []
    for code, row in data.items():
        tag, none_tag = f"outcome:{code}", f"none:{code}"
        none = compile_any([row["none"]], "outcomes.toml", code) if "none" in row else None
        ends += [(tag, expand(p)) for p in row["any"]]
        ends += [(none_tag, expand(row["none"]))] if none else []
        kinds, not_kinds = tuple(row.get("kinds", ())), tuple(row.get("not_kinds", ()))
        codes.append(OutcomeRule(code, tag, none_tag, kinds, not_kinds, none))
    return OutcomeRules(tuple(codes), negation, words, usual), ends


def _people() -> PeopleRules:
    data = read_toml("people.toml")
    titles = data["titles"]
    sex = {t: (s if s in "MF" else "") for s in ("M", "F", "N") for t in titles[s]}
    officer = frozenset(titles["officer"])
    long_titles = tuple(t for t in (*sex, "警官") if len(t) > 1)
    role_of = {word: role for role, listed in data["before"].items() for word in listed}
    lines = [
        line
        for line in (ROOT / "surnames.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    compound = frozenset(w for line in lines if " " in line for w in line.split())
    single = frozenset("".join(line for line in lines if " " not in line))
    sounds = frozenset(data["sounded"]["characters"])
    follow = data["follow"]
    return PeopleRules(
        title_sex=sex,
        long_titles=long_titles,
        title_begins=frozenset(t[:2] for t in long_titles),
        officer_titles=officer,
        common_titles=frozenset(data["common"]["titles"]),
        before_common=frozenset(data["common"]["before"]),
        never_titled=frozenset(data["common"]["never"]),
        role_of=role_of,
        officer_leads=frozenset(w for w, role in role_of.items() if role == "officer"),
        lead_sizes=_sizes(role_of),
        follow_two=frozenset(follow["two"]),
        follow_one=frozenset(follow["one"]),
        bad_given=frozenset(follow["bad_given"]),
        given=frozenset(follow["given"]),
        verbish=frozenset(follow["verbish"]),
        given_after_mou=frozenset(follow["mou"]["given"]),
        given_pairs=frozenset(follow["pairs"]["words"]),
        adverbs_after_mou=frozenset(follow["mou"]["adverbs"]),
        no_word_alone=frozenset(follow["mou"]["no_word"]),
        begun_after_mou=frozenset(follow["mou"]["begun"]),
        not_names=frozenset(data["not_names"]["words"]),
        small=frozenset(data["not_names"]["small"]),
        old=frozenset(data["not_names"]["old"]),
        sounds=sounds,
        begins=single | {name[0] for name in compound} | sounds,
        sounded_leads=frozenset(data["sounded"]["before"]),
        bare=re.compile(f"[{''.join(sorted(single))}][{''.join(sorted(set(follow['given'])))}]{{2}}"),
        single=single,
        compound=compound,
        roles=_roles(),
    )


def _sizes(listed: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The lengths of the words that end with the same two characters, longest first."""
    sizes: dict[str, set[int]] = {}
    for word in listed:
        sizes.setdefault(word[-2:], set()).add(len(word))
    return {end: tuple(sorted(lengths, reverse=True)) for end, lengths in sizes.items()}


def _roles() -> Scanner:
    """The scanner over words around names; RulesError for a pattern without an anchor."""
    told = read_toml("roles.toml").items()
    try:
        return Scanner((role, expand(p)) for role, table in told for p in table["any"])
    except (re.error, ValueError) as e:
        raise RulesError(f"rules/roles.toml: {e}") from e


def _units() -> UnitRules:
    data = read_toml("units.toml")
    level_of = {ending: level for level, listed in data["endings"].items() for ending in listed}
    pronouns = {w: level for level in ("station", "bureau", "team") for w in data["self"][level]}
    return UnitRules(
        level_of=level_of,
        ending=re.compile(f"(?:{words(level_of)})(?!长(?!{data['left']['long']})|员)"),
        cut=re.compile(words(data["left"]["any"])),
        keep=frozenset(data["left"]["keep"]),
        indefinite=frozenset(data["unnamed"]["any"]),
        posts=frozenset(data["unnamed"]["post"]),
        pronouns=pronouns,
        pronoun=re.compile(f"(?:{words(pronouns)})(?!长)"),
        helping_before=compile_any(
            [f"(?:{'|'.join(data['helping']['before'])})$"], "units.toml", "helping.before"
        ),
        helping_after=compile_any(
            [f"^(?:{'|'.join(data['helping']['after'])})"], "units.toml", "helping.after"
        ),
    )


def _times() -> TimeRules:
    from etl.rules.time_grammar import NUMBER, atom_pattern, start_words

    data = read_toml("times.toml")
    years = {}
    for year, first, leap, lengths, qingming, dongzhi in read_tsv("lunar.tsv", 6):
        terms = {"清明": date.fromisoformat(qingming), "冬至": date.fromisoformat(dongzhi)}
        months = tuple(int(n) for n in lengths.split(","))
        years[int(year)] = LunarYear(date.fromisoformat(first), int(leap), months, terms)

    def pairs(name: str) -> dict[str, Any]:
        return {w: tuple(v) for w, v in data[name].items()}

    return TimeRules(
        parts=pairs("parts"),
        relative=pairs("relative"),
        chain=pairs("chain"),
        vague=frozenset(data["vague"]["words"]),
        solar=pairs("solar"),
        lunar=pairs("lunar"),
        terms=dict(data["terms"]),
        years=years,
        atom=re.compile(atom_pattern(data, words), re.VERBOSE),
        number=re.compile(NUMBER),
        starts=Words(start_words(data)),
        moments={
            name: _compiled(p, "moments.toml", name) for name, p in read_toml("moments.toml")["words"].items()
        },
    )


def _items() -> ItemRules:
    data = read_toml("items.toml")
    nouns = {name: frozenset(listed) for name, listed in data["nouns"].items()}
    everything = frozenset().union(*nouns.values())
    return ItemRules(
        nouns=Words(everything),
        by_kind=nouns,
        everywhere=nouns["*"],
        before=compile_any(data["context"]["before"], "items.toml", "before"),
        after=compile_any(data["context"]["after"], "items.toml", "after"),
        stake=compile_factored("|".join(data["money"]["stake"])),
        not_stake=compile_factored("|".join(data["money"]["not_stake"])),
    )


def _places() -> PlaceRules:
    data = read_toml("locations.toml")
    sets = _sets(data)
    return PlaceRules(
        words=Words(data["sets"]["tail"].split("|")),
        patterns={
            name: compile_any(table["any"], "locations.toml", name, sets)
            for name, table in data.items()
            if name != "sets"
        },
    )


def _article_kinds() -> ArticleKindRules:
    data = read_toml("article_kinds.toml")
    return ArticleKindRules(
        notice=_compiled(data["notice"], "article_kinds.toml", "notice"),
        title=tuple((k, _compiled(p, "article_kinds.toml", k)) for k, p in data["title"].items()),
    )


def _figures() -> FigureRules:
    data = read_toml("figures.toml")
    listed = [*data["units"], *data["canonical"]]
    unit, heads = words(listed), "".join(sorted({w[0] for w in listed}))
    return FigureRules(
        figure=re.compile(
            r"(?=[\d近约超逾突达共将大上下增减提降])(?P<lead>近|约|超过|超|逾|突破|达到|达|共计|将近|大约|上升|下降|增长|减少|提高|降低)?(?P<lead2>近|约|超)?"
            r"(?P<num>\d{1,3}(?:[,，]\d{3}){1,4}(?!\d)|\d{1,12}(?:\.\d{1,4})?)(?P<pre>余|多|几)?(?P<mul>[百千]?万|亿|千|百)?"
            rf"(?P<post>余|多)?(?P<unit>{unit})(?P<tail>左右|以上|上下|多)?"
        ),
        counted=re.compile(rf"[0-9](?=[余多几百千万亿{heads}])[余多几]?(?:[百千]?万|亿|千|百)?[余多]?{unit}"),
        units={**{u: u for u in data["units"]}, **data["canonical"]},
    )
