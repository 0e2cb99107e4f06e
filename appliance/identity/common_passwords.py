"""The passwords anybody tries first, told by rule: few words, keyboard walks, repetition."""

import re

_USUAL = """
abc access account admin administrator alarm alpha amazon america andrea andrew angel anna apple
april arsenal asset august austin automation autumn backup banana baseball basketball batman
berlin boiler boss bravo brother buster butterfly camera carbon carbonseed casting change changeme
charlie cheese chelsea chicken chocolate coffee company compliance computer conveyor cookie daniel
dashboard december default delta demo device diamond dragon eagle edison electric energy engineer
esp facebook factory falcon family february ferrari flower football forge foundry freedom friday
friend furnace gas george ginger google guest hammer hannah harley hello hockey holiday hunter
iloveyou industry internet iron jackson january jasmine jennifer jessica jesus jordan joshua july
june killer kiln ladle letmein line liverpool logger login london love lucky machine madrid maggie
maintenance manager march martin master matrix matthew maximus melt melting mercedes michael
michelle micropython mill mixer molten monday monitor monkey mother motor mould mustang network
nicole node november number october office oil operator orange oven owner pass passport password
passwort pepper phoenix pilot plant player police porsche postgres power pressure princess private
production pump purple qwerty rachel ranger raspberry reading robert rolling root samsung saturday
scada secret security seed sensor september server service shadow shift silver smart smelter
soccer software spring start starwars station steel steelworks sugar summer sunday sunshine super
superman superuser supervisor support sweet system tech technician technology temp temperature
test tester thank thomas thunder thursday tiger tigger today toor trustno tuesday user valve
vibration victory visitor wednesday welcome whatever william willkommen winter wizard work worker
yellow you
"""
WORDS = frozenset(_USUAL.split())
WALKS = (
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiopü",
    "asdfghjklöä",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujm",
    "!@#$%^&*()",
    '!"§$%&/()=',
)
MIN_WALK = 3
MIN_DIGITS = 14
"""Digits alone must be this many: shorter ones are dates, telephone numbers and serial numbers."""
MAX_PIECES = 2
MIN_PERSONAL = 3

_LEET = (str.maketrans("01345789@$!", "oieastbgasi"), str.maketrans("013457@$!|", "oleastasil"))
_REPEATED = re.compile(r"(.{1,6})\1+.?", re.DOTALL)
_OUTER = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def is_common(password: str, *personal: str) -> bool:
    """Whether the password is a usual one: at most two known words or walks with decoration."""
    text = password.casefold()
    if _REPEATED.fullmatch(text) or (text.isdigit() and len(text) < MIN_DIGITS):
        return True
    known = WORDS | _parts(personal)
    readings = {text, *(text.translate(table) for table in _LEET)}
    readings |= {_OUTER.sub("", reading) for reading in readings}
    readings |= {_OUTER.sub("", text).translate(table) for table in _LEET}
    return any(_pieces(reading, known) <= MAX_PIECES for reading in readings if reading)


def _parts(personal: tuple[str, ...]) -> set[str]:
    words = {word for text in personal for word in re.split(r"[\W_]+", text.casefold())}
    return {word for word in words if len(word) >= MIN_PERSONAL}


def _pieces(text: str, known: frozenset[str] | set[str]) -> int:
    """The least number of known words and walks that make up the text (more than enough: none)."""
    reached = {0}
    for count in range(1, MAX_PIECES + 1):
        reached = {end for start in reached for end in _ends(text, start, known)}
        if len(text) in reached:
            return count
    return MAX_PIECES + 1


def _ends(text: str, start: int, known: frozenset[str] | set[str]) -> set[int]:
    """Where a known word or a walk that begins at `start` may end, with what separates it."""
    ends = {
        end
        for end in range(start + MIN_WALK, min(len(text), start + 40) + 1)
        if text[start:end] in known or _is_walk(text[start:end])
    }
    return ends | {end + 1 for end in ends if end < len(text) and not text[end].isalpha()}


def _is_walk(piece: str) -> bool:
    return any(piece in walk or piece[::-1] in walk for walk in WALKS)
