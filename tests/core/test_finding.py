"""Quotes are found in a text, in code points, whatever a model does to letters and white space."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.examples.finding import CLOSE, OPEN, Finder

TRICKY = st.text(st.sampled_from("ab AB ßſıİIiéÉ\u0301\u0323\u200d\u00ad👩👧ﬁＡｂ　\n’'–-한가 "), max_size=25)


def found(text: str, *quotes: str) -> list[str | None]:
    """What stands in the places that were found."""
    return [None if place is None else text[slice(*place)] for place in Finder(text).find(quotes)]


def places(text: str, *quotes: str) -> list[tuple[int, int] | None]:
    return Finder(text).find(quotes)


@pytest.mark.parametrize(
    ("text", "quote", "meant"),
    [
        ("we met 👩‍👧 in Paris", "Paris", "Paris"),
        ("👩‍👧 in paris", "Paris", "paris"),
        ("a cafe\u0301 in Nice", "café", "cafe\u0301"),
        ("a café in Nice", "cafe\u0301", "café"),
        ("a CAFE\u0301", "café", "CAFE\u0301"),
        ("İstanbul ve Iğdır", "Iğdır", "Iğdır"),
        ("İSTANBUL’DA", "İstanbul'da", "İSTANBUL’DA"),
        ("in der Hauptstraße 5", "HAUPTSTRASSE 5", "Hauptstraße 5"),
        ("the ſhip and ﬁve men", "ship and five", "ſhip and ﬁve"),
        ("in Ｔｏｋｙｏ　Ｔｏｗｅｒ today", "tokyo tower", "Ｔｏｋｙｏ　Ｔｏｗｅｒ"),
        ("New\n  York City", "New York City", "New\n  York City"),
        ("New York\u00a0City", " New York City ", "New York\u00a0City"),
        ("co\u00adop\u00aderate", "cooperate", "co\u00adop\u00aderate"),
        ("it’s “fine” – really", 'it\'s "fine" - really', "it’s “fine” – really"),
        ("q\u0323\u0307 marks", "q\u0307\u0323", "q\u0323\u0307"),
        ("한국에서", "한국", "한국"),
        ("東京都に住む", "東京", "東京"),
    ],
)
def test_a_quote_is_found_however_it_is_written(text: str, quote: str, meant: str) -> None:
    assert found(text, quote) == [meant]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Paris", "London"),
        ("Straße", "stras"),
        ("e\u0301t", "E"),
        ("Paris", " "),
        ("Paris", ""),
        ("", "Paris"),
    ],
)
def test_what_does_not_stand_in_the_text_is_not_found(text: str, quote: str) -> None:
    assert found(text, quote) == [None]


def test_offsets_count_code_points() -> None:
    assert places("👩‍👧 Ω İß x", "x") == [(9, 10)]
    assert places("ßßß STRASSE", "straße") == [(4, 11)]


def test_each_repeat_takes_the_next_place() -> None:
    assert places("Bob saw Bob and bob", "Bob", "Bob", "Bob") == [(0, 3), (8, 11), (16, 19)]


def test_a_repeat_too_many_means_the_first_place_again() -> None:
    assert places("Bob ran", "Bob", "Bob") == [(0, 3), (0, 3)]


def test_a_quote_stands_after_the_one_before_it() -> None:
    assert places("the bank of the river, the bank", "river", "bank") == [(16, 21), (27, 31)]


def test_quotes_in_no_order_each_take_their_first_place() -> None:
    assert places("Paris, Bob, Paris, Ann", "Ann", "Bob", "Paris") == [(19, 22), (7, 10), (0, 5)]


def test_a_whole_word_goes_before_a_part_of_one() -> None:
    assert places("Article on art", "art") == [(11, 14)]
    assert places("the bus of the US", "us") == [(15, 17)]
    assert places("#parislove", "paris") == [(1, 6)]


def test_marks_say_which_of_several_places_is_meant() -> None:
    text = "Paris in Texas is not Paris in France"
    assert places(text, f"not {OPEN}Paris{CLOSE}") == [(22, 27)]
    assert places(text, f"NOT  {OPEN}paris{CLOSE} in") == [(22, 27)]
    assert places(text, f"quite {OPEN}Paris{CLOSE}") == [(0, 5)]


@given(TRICKY, st.integers(0, 25), st.integers(1, 25))
@example("aa", 1, 1)
@example("a\u0301 a", 0, 1)
def test_any_part_of_a_text_can_be_quoted_so_that_it_is_found(text: str, start: int, length: int) -> None:
    place = start, min(len(text), start + length)
    if text[slice(*place)].strip():
        assert Finder(text).find([Finder(text).quote(place)]) == [place]


@given(TRICKY, TRICKY, TRICKY)
def test_what_is_found_is_what_was_quoted_but_for_its_form(before: str, meant: str, after: str) -> None:
    """By Unicode's own rules for caseless matching (definition D146), white space aside."""

    def caseless(text: str) -> str:
        twice = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
        return " ".join(
            twice.replace("’", "'").replace("–", "-").translate({0xAD: None, 0x200D: None}).split()
        )

    text = f"{before} {meant} {after}"
    for quote in (meant, meant.upper(), unicodedata.normalize("NFKC", meant), " ".join(meant.split())):
        [said] = found(text, quote)
        assert said is None or caseless(said) == caseless(quote)
    assert not meant.strip() or found(text, meant) != [None]


@given(TRICKY, st.text(max_size=10))
def test_places_lie_within_the_text_and_none_comes_twice(text: str, quote: str) -> None:
    all_of_them = list(Finder(text).places(quote))
    assert len(all_of_them) == len(set(all_of_them))
    assert all(0 <= start < end <= len(text) for start, end in all_of_them)
