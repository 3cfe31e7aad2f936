"""What a synthetic shop sells and to whom: ids that are not dense, names one can read."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cfdist.datasets.layout import ARTICLES

FIRST_USER_ID = 10_000_000
FIRST_ARTICLE_ID = 500_000
_ODD = 2_654_435_761

CATEGORIES = {
    "Lighting": ("Desk Lamp", "Floor Lamp", "Ceiling Light", "Night Light", "Lantern"),
    "Seating": ("Armchair", "Bar Stool", "Bench", "Rocking Chair", "Footstool"),
    "Tables": ("Coffee Table", "Side Table", "Dining Table", "Folding Table", "Console"),
    "Beds": ("Bed Frame", "Headboard", "Bunk Bed", "Mattress", "Bedside Cabinet"),
    "Bedding": ("Duvet Cover", "Pillow Case", "Bed Sheet", "Quilt", "Blanket"),
    "Bathroom": ("Bath Towel", "Bath Mat", "Soap Dish", "Shower Curtain", "Mirror"),
    "Storage": ("Bookcase", "Wardrobe", "Shoe Rack", "Drawer Unit", "Storage Box"),
    "Rugs": ("Wool Rug", "Runner", "Door Mat", "Round Rug", "Kitchen Mat"),
    "Curtains": ("Curtain", "Roller Blind", "Curtain Rod", "Tie Back", "Net Curtain"),
    "Cushions": ("Cushion", "Floor Cushion", "Chair Pad", "Bolster", "Throw"),
    "Cookware": ("Frying Pan", "Saucepan", "Casserole", "Wok", "Roasting Tin"),
    "Bakeware": ("Cake Tin", "Muffin Tray", "Rolling Pin", "Mixing Bowl", "Whisk"),
    "Tableware": ("Dinner Plate", "Soup Bowl", "Serving Dish", "Butter Dish", "Egg Cup"),
    "Glassware": ("Wine Glass", "Tumbler", "Carafe", "Champagne Glass", "Jug"),
    "Cutlery": ("Steak Knife", "Table Fork", "Teaspoon", "Bread Knife", "Salad Servers"),
    "Coffee and Tea": ("Teapot", "Coffee Press", "Mug", "Milk Frother", "Tea Strainer"),
    "Kitchen Textiles": ("Apron", "Tea Towel", "Oven Glove", "Tablecloth", "Napkin"),
    "Small Appliances": ("Toaster", "Kettle", "Blender", "Hand Mixer", "Waffle Iron"),
    "Cleaning": ("Broom", "Mop", "Bucket", "Dustpan", "Dish Brush"),
    "Laundry": ("Laundry Basket", "Drying Rack", "Ironing Board", "Peg Bag", "Steam Iron"),
    "Decoration": ("Vase", "Photo Frame", "Candle Holder", "Wall Clock", "Figurine"),
    "Candles": ("Scented Candle", "Tea Light", "Pillar Candle", "Taper Candle", "Diffuser"),
    "Wall Art": ("Art Print", "Canvas", "Poster", "Wall Sticker", "Wall Shelf"),
    "Plants": ("Plant Pot", "Watering Can", "Planter", "Hanging Basket", "Plant Stand"),
    "Garden": ("Garden Chair", "Parasol", "Hammock", "Bird Feeder", "Fire Bowl"),
    "Garden Tools": ("Spade", "Rake", "Pruning Shears", "Trowel", "Wheelbarrow"),
    "Tools": ("Hammer", "Screwdriver Set", "Tape Measure", "Drill", "Tool Box"),
    "Paint": ("Wall Paint", "Paint Roller", "Paint Brush", "Wood Stain", "Primer"),
    "Hardware": ("Door Handle", "Coat Hook", "Hinge", "Shelf Bracket", "Padlock"),
    "Office": ("Notebook", "Desk Organiser", "File Box", "Stapler", "Pin Board"),
    "Stationery": ("Pencil Case", "Fountain Pen", "Greeting Card", "Gift Wrap", "Calendar"),
    "Baby": ("Baby Blanket", "Bottle Warmer", "Changing Mat", "Bib", "Cot Mobile"),
    "Toys": ("Building Blocks", "Puzzle", "Plush Bear", "Toy Train", "Kite"),
    "Games": ("Card Game", "Chess Set", "Dice Game", "Domino Set", "Quiz Game"),
    "Party": ("Bunting", "Balloon Set", "Paper Cup", "Party Hat", "Table Confetti"),
    "Travel": ("Suitcase", "Toiletry Bag", "Neck Pillow", "Luggage Tag", "Backpack"),
    "Sports": ("Yoga Mat", "Dumbbell", "Jump Rope", "Water Bottle", "Sports Towel"),
    "Camping": ("Tent", "Sleeping Bag", "Camping Stove", "Head Torch", "Cool Box"),
    "Pets": ("Dog Bed", "Cat Tree", "Feeding Bowl", "Dog Lead", "Pet Blanket"),
    "Seasonal": ("Wreath", "Bauble", "Advent Calendar", "Fairy Lights", "Tree Stand"),
}
FINISHES = ("Oak", "Slate", "Ivory", "Sage", "Copper", "Indigo", "Walnut", "Coral", "Ash", "Amber")
BRANDS = ("Alder & Finch", "Brightwell", "Casa Lumo", "Dunmore", "Elmstead", "Fjordly", "Harrow")


def user_ids(index: NDArray[np.int64], n_users: int) -> NDArray[np.int64]:
    """Ids of users, int64: scattered over a range at least 8 times as wide as `n_users`."""
    return FIRST_USER_ID + _scatter(index, n_users)


def article_ids(index: NDArray[np.int64], n_articles: int) -> NDArray[np.int64]:
    """Ids of articles, int64: scattered over a range at least 8 times as wide."""
    return FIRST_ARTICLE_ID + _scatter(index, n_articles)


def articles_table(n_articles: int, n_groups: int) -> pa.Table:
    """Id, name, category and brand of every article, in the order of the article index.

    Notes
    -----
    The category is the taste group, so that a reader of a list sees whether it makes sense. The
    number in a name makes it unique: "Oak Desk Lamp 417".
    """
    index = np.arange(n_articles)
    rank, group = index // n_groups, index % n_groups
    category = group % len(CATEGORIES)
    kinds = np.array(list(CATEGORIES.values()))
    kind = kinds[category, rank % kinds.shape[1]]
    finish = np.array(FINISHES)[(rank // kinds.shape[1] + group) % len(FINISHES)]
    number = 100 + index
    names = [f"{f} {k} {n}" for f, k, n in zip(finish, kind, number.tolist(), strict=True)]
    brand = np.array(BRANDS)[(group + rank % 3) % len(BRANDS)]
    category_name = np.array(list(CATEGORIES))[category]
    columns = [article_ids(index, n_articles), names, category_name.tolist(), brand.tolist()]
    return pa.table(columns, schema=ARTICLES)


def _scatter(index: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Map one to one into 0 … 2^b - 1, where 2^b is at least 8 n: an odd factor modulo 2^b."""
    scattered: NDArray[np.int64] = (index * _ODD) & (2 ** (8 * n).bit_length() - 1)
    return scattered
