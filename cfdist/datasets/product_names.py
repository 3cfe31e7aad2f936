"""Names a person can read, from the short and shouted texts of a grocer's product table."""

import re
from functools import cache
from typing import Final

SPELLED_OUT: Final = {
    "and": "and",
    "bbq": "BBQ",
    "beeralemalt": "Beer Ale Malt",
    "bg": "Bags",
    "bkd": "Baked",
    "bn": "Beans",
    "brkfst": "Breakfast",
    "btr": "Butter",
    "chix": "Chicken",
    "ckys": "Cookies",
    "cleang": "Cleaning",
    "cnd": "Canned",
    "cndy": "Candy",
    "conc": "Concentrate",
    "containr": "Containers",
    "crkr": "Crackers",
    "crystl": "Crystal",
    "disposible": "Disposable",
    "diy": "DIY",
    "dnr": "Dinner",
    "dnrs": "Dinners",
    "drnk": "Drink",
    "drnks": "Drinks",
    "drsng": "Dressing",
    "dsh": "Dish",
    "dvd": "DVD",
    "dvds": "DVDs",
    "fd": "Food",
    "fem": "Feminine",
    "flvr": "Flavored",
    "flvrd": "Flavored",
    "frd": "Fried",
    "fre": "Fresh",
    "frz": "Frozen",
    "frzn": "Frozen",
    "gds": "Goods",
    "hbc": "Health and Beauty",
    "holdiay": "Holiday",
    "hygn": "Hygiene",
    "jce": "Juice",
    "lnchmt": "Lunchmeat",
    "lrg": "Large",
    "memorablilia": "Memorabilia",
    "mw": "Microwave",
    "mx": "Mix",
    "mxs": "Mixes",
    "pkg": "Packaged",
    "pkgd": "Packaged",
    "pkld": "Pickled",
    "pnt": "Peanut",
    "ppk": "Prepacked",
    "preportnd": "Preportioned",
    "prslc": "Presliced",
    "pwdr": "Powder",
    "refigerated": "Refrigerated",
    "refrgratd": "Refrigerated",
    "sald": "Salad",
    "saucessalsapicantee": "Sauces Salsa Picante",
    "saus": "Sausage",
    "shldr": "Shoulder",
    "sherbts": "Sherbets",
    "shlfsh": "Shellfish",
    "snks": "Snacks",
    "sndwch": "Sandwich",
    "specilaty": "Specialty",
    "sply": "Supplies",
    "sprd": "Spread",
    "supp": "Supplements",
    "suppplies": "Supplies",
    "sw": "Sweet",
    "sweetners": "Sweeteners",
    "swt": "Sweet",
    "tiss": "Tissue",
    "trsh": "Trash",
    "tv": "TV",
    "veg": "Vegetables",
    "whlsm": "Wholesome",
    "wtr": "Water",
    "xmas": "Christmas",
}
_WORD = re.compile(r"[A-Za-z']+")
_UNCLOSED = re.compile(r"\([^)]*$")
_CUT_OFF = re.compile(r"[\s\-/,&]+(?:[A-Za-z])?$")
_SPACING = (
    (re.compile(r"(?<=[A-Za-z])\."), " "),
    (re.compile(r":"), ": "),
    (re.compile(r"&"), " & "),
    (re.compile(r"\s+"), " "),
)
_UNITS = "oz|fl oz|lb|ct|ml|l|gal|qt|pt|pk|g|gm|kg|in|ft|yd|sq ft|cu ft|pc|ltr|roll|load"
_AMOUNT = rf"(?:\d+ )?\d*[./]?\d+ *(?:{_UNITS})"
_SIZE = re.compile(rf"(?:[a-z]{{1,4}} +)?({_AMOUNT}(?:[/ ]+{_AMOUNT})?)")
_LONGEST_NUMBER = 4


@cache
def product_name(kind: str | None, category: str | None, size: str | None) -> str:
    """Name of a product: what it is, of which category if that is one word only, its size.

    Examples
    --------
    >>> product_name("CONDENSED SOUP", "SOUP", "10.75 OZ")
    'Condensed Soup, 10.75 oz'
    >>> product_name("PREMIUM", "FRZN MEAT/MEAT DINNERS", None)
    'Premium Frozen Meat Dinners'
    >>> product_name(None, None, "22515 32 OZ")
    ''
    """
    name = readable(kind)
    if len(_WORD.findall(name)) < 2:
        name = without_repeats(f"{name} {readable(category)}".strip())
    measure = readable_size(size)
    return f"{name}, {measure}" if name and measure else name


@cache
def readable(text: str | None) -> str:
    """`text` in title case, abbreviations spelled out, no cut-off end, no word twice.

    Examples
    --------
    >>> readable("BREAD:ITALIAN/FRENCH")
    'Bread: Italian/French'
    >>> readable("FITNESS&DIET"), readable("FEM. HYGN.NAPKINS")
    ('Fitness & Diet', 'Feminine Hygiene Napkins')
    >>> readable("CANDY BARS (SINGLES)(INCLUDING")
    'Candy Bars (Singles)'
    """
    if text is None:
        return ""
    spaced = _UNCLOSED.sub("", text)
    for found, replacement in _SPACING:
        spaced = found.sub(replacement, spaced)
    return without_repeats(_WORD.sub(_spell, spaced))


def without_repeats(text: str) -> str:
    """`text` without the words that stood in it before, and without what then joins nothing.

    Examples
    --------
    >>> without_repeats("Ham Smoked Meats/Ham")
    'Ham Smoked Meats'
    """
    kept, seen = "", set[str]()
    for gap, word in re.findall(r"([^A-Za-z']*)([A-Za-z']*)", text):
        if word and _stem(word) in seen and len(word) > 2:
            kept += gap if gap.isspace() or re.search(r"\d", gap) else ""
            continue
        seen.add(_stem(word))
        kept += gap + word
    kept = re.sub(r"\s+\)", ")", _CUT_OFF.sub("", kept))
    return re.sub(r"\s+", " ", kept).strip()


@cache
def readable_size(size: str | None) -> str:
    """Package size such as ``12 oz``, or nothing where the text is a code.

    Examples
    --------
    >>> readable_size("B  1/2 GAL"), readable_size(".7 OZ"), readable_size("5056021 CT")
    ('1/2 gal', '0.7 oz', '')
    """
    found = _SIZE.fullmatch(re.sub(r"\s+", " ", (size or "").lower()).strip(" *"))
    if not found or any(len(n) > _LONGEST_NUMBER for n in re.findall(r"\d+", found[1])):
        return ""
    return re.sub(r"(?<![\d.])\.(?=\d)", "0.", found[1])


def _spell(word: re.Match[str]) -> str:
    return SPELLED_OUT.get(word[0].lower(), word[0].capitalize())


def _stem(word: str) -> str:
    return word.lower().rstrip("s")
