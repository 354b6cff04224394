"""The people of the demo: all made up.

Names, roles and addresses of persons who do not exist, the same ones for the same seed. First and
family names come from many countries and are joined without regard to them, so that a name points to
nobody. A combination that belongs to a well-known person of the field is left out; those names are
kept as hashes, because no real name stands in this tree. Addresses end in `staff.example`: `.example`
is reserved by RFC 2606, and no mail can reach it.
"""

import hashlib
import unicodedata
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAIN = "staff.example"
"""Where every made-up address lives; `.example` is reserved and never resolves (RFC 2606, section 2)."""


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up member of the staff."""

    email: str
    name: str
    role: str


_FIRST_NAMES = """
Abena Adaeze Aditi Aiko Ailsa Akua Alejo Amaru Amina Anahí Anjali Anouk Ariadne Arjun Asel Asha
Astrid Aurelio Aylin Ayodele Bao Bartosz Beatriz Benedikt Bilal Bohdan Brígida Callum Camila
Caoimhe Cecília Chiara Chidi Chinedu Danilo Darius Devika Dilnoza Dimitra Ebru Efua Eilidh Elif
Emeka Emre Esperanza Ezgi Fatou Femi Finn Freya Gaurav Giulia Goran Gulnara Hadiya Hana Haruto
Hinemoa Hyun-woo Ifeoma Ikaika Imani Ines Isidora Ivana Jadwiga Jae-won Jamila Jorge Kalinda
Kamalei Kanoa Katarzyna Kavya Kenji Kerstin Kofi Laleh Leilani Linh Liselotte Ludovic Luz Mahina
Malik Manaia Mateus Mei-ling Minh Moana Nadia Naveen Ngozi Niamh Nkechi Oksana Olumide Paloma
Priya Quang Rahel Ramón Rasmus Rosalind Ruslan Saoirse Sefa Selam Siti Søren Sunniva Tadeusz
Tamar Thandiwe Tomoko Tuğba Viggo Wanjiru Yusra
"""
FIRST_NAMES = tuple(_FIRST_NAMES.split())

_FAMILY_NAMES = """
Abdulov Achterberg Adomako Agbaje Agbayani Akintola Alencastro Almonacid Amankwah Anastasiou
Aramburu Arslanoğlu Asante Azubuike Bagheri Balasubramani Bandara Baranwal Bateshwar Bergsland
Bhandarkar Bielawski Birgisdóttir Bogdanović Boubacar Brandvold Brzozowski Cabanillas Cardenete
Chalabi Chaudhuri Chikwanda Chowdhary Ciobanu Colquhoun Cotterill Dąbrowska Dagdelen Dahlström
Danjuma Darwish Dembélé Demirtaş Deshmukh Devereaux Dhillon Diamantis Djurović Dolezal Dzhaparov
Echeverría Eguchi Ekwueme Elbaz Engelbrecht Eriksen Estrella Fairweather Faleolo Farrokhzad
Fernando Fitzwilliam Fjeldstad Fonoti Fraga Fukumoto Gallacher Gebremedhin Ghebremariam Gjoka
Godunov Guðmundsdóttir Gunawardena Hakimi Halloran Hamasaki Harjono Haukelid Hegazy Hollingworth
Hoshizaki Hrabal Huamán Ibarrondo Ilunga Inoue Iskandar Iwasaki Jaramillo Jayasuriya Jovanović
Kahananui Kaimana Kaleo Kamau Karagiannis Kasymov Kawamoto Keawe Kebede Khalfani Kiplagat
Kobayashi Kowalczyk Kruszewski Kyei Laukkanen Lindqvist Lokelani Lubecki Lunde Macalister Madaki
Mahlangu Makoni Malvern Manaloto Mapanje Marquina Mbanjwa McAuliffe Mekonnen Mendonça Mihăilescu
Molefe Moriyama Mukherji Mwangi Nakashima Ndlovu Nguema Nikolaidis Nishikawa Nurmagambetov Oduya
Okereke Ólafsdóttir Onyango Ostrowska Oyelaran Pangestu Papadakis Pelupessy Quispe Rahmani
Ranasinghe Ravndal Rukmana Sandvik Sepúlveda Shevardin Sithole Tanuwijaya Tekle Tregarthen
Ulufonua Valenzuela Wahyuni Yamashita Zielińska
"""
FAMILY_NAMES = tuple(_FAMILY_NAMES.split())

SINGLE_ROLES = (
    "Chief scientist, member of the board",
    "Chief technology officer",
    "Chief operating officer",
    "Chief people officer",
)
"""Held by one person each, the first people in this order: a reader may ask whether one of them signed."""

COMMON_ROLES = (
    *("Research scientist",) * 9,
    *("Software engineer",) * 9,
    *("Research engineer",) * 7,
    *("Infrastructure engineer",) * 4,
    *("Product designer",) * 2,
    *("Product manager",) * 3,
    *("Safety researcher",) * 3,
    *("Security engineer",) * 2,
    *("Data scientist",) * 2,
    *("Solutions engineer",) * 2,
    *("Support specialist",) * 2,
    *("Policy analyst",) * 2,
    "Recruiter",
    "Accountant",
    "Legal counsel",
    "Technical writer",
    "Office manager",
    "Communications manager",
)
"""Held by everyone else; a role is in the tuple as often as it is common."""

# The first 8 bytes of SHA-256 of `fold(name)`, of well-known people of the field.
_WELL_KNOWN = """
06c26392034696e6 0aa99e39ee4a78d4 0b743d9699eeb969 0c279fdbaf4731cd 17f8b4c12a011025
185af053add24c59 1ff16244d1c485ad 2022074f4d93000c 20de3aca40903e6b 23fc8a25b3be024a
29cec27eadc8992a 2cec0ea9b8a90ec9 3139a6c526fd85a8 3495562670316584 3495d79fd96988b4
3957d14a123025b6 3c0439097761abc0 3d9125716ab0042b 444edd07dbae40e9 45caab645e766264
46b09b212b77b592 4966fd884daaaecc 49ae3dda3a808384 4b4225bf3d9e8494 4baaadf1f78f10c4
5025040fd949b9a9 536a9f3ddf42fc51 5501b71ef70145ee 562a1ddea4b8c083 5cca20de88e4091c
5d597d96f6b578c8 625cbfd5d1c029d9 65b6f62f8ad5fd27 6bf04b5bebf627a0 765cc641dc299fb5
77160f63522958ce 7fa52e3c95be5ed8 820850017bb0dac4 8480e3a54183cd61 8855057ba86bc0ec
885e7fe3964a445d 89e737c0c38b362e 8b160ad4c2eefc49 8b1f707ab91052be 8ecd47e1c39889b6
97fbd3f434977b89 99a2f2a294104933 9a5d7eaad70054b1 9a98964ac880c136 9f45b32904f7d11a
a268a6e3276e98ec a9008cfb55881f81 ace82f54530138e4 b287c2c90b535821 b4c2c1be51972c09
b4f6ad4eb703a461 c2ef93e9dd4e98b6 c729774cb0472619 c80dd7193e855871 c945ce3ffb7314a1
d5a52db74749cc58 d5cd94d05b3f21af d64e5827d8620bd0 d90c78a88898b50c dcbffb58537f0ad2
df100776df98a7d4 e4ccfb2347e81496 e8efed8b991ef6fb ecd7b976fdf1a7e5 f1e899053a9f48cb
f5b44d42a5b84313 fbecfecf32931dc7 fcaf6c2dc9616cd6 ff9f0fd4be065bd1
"""
WELL_KNOWN = frozenset(_WELL_KNOWN.split())

_UNACCENTED = str.maketrans("øłðđı", "olddi")


def fold(name: str) -> str:
    """Return a name in lower-case letters without accents, as addresses and comparisons use it."""
    decomposed = unicodedata.normalize("NFD", name.lower().translate(_UNACCENTED))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def is_well_known(name: str) -> bool:
    """Tell whether a full name is that of a well-known person, who must not appear in the demo."""
    return hashlib.sha256(fold(name).encode()).hexdigest()[:16] in WELL_KNOWN


def make_people(n: int, seed: int) -> list[Person]:
    """Make n different people; the same n and seed give the same list, and a smaller n its beginning.

    Raises ValueError when there are not n different names.
    """
    people = [
        _make_person(index, first, family, seed)
        for index, (first, family) in enumerate(islice(_names(seed), n))
    ]
    if len(people) != n:
        raise ValueError(f"there are names for {len(people)} people, not for {n}")
    return people


def _names(seed: int) -> "Iterator[tuple[str, str]]":
    """Yield every combination of names once, in an order that only the seed decides."""
    combinations = sorted(
        product(FIRST_NAMES, FAMILY_NAMES), key=lambda pair: _lot(seed, " ".join(pair))
    )
    return (pair for pair in combinations if not is_well_known(" ".join(pair)))


def _make_person(index: int, first: str, family: str, seed: int) -> Person:
    name = f"{first} {family}"
    address = fold(f"{first}.{family}@{DOMAIN}")
    if index < len(SINGLE_ROLES):
        return Person(address, name, SINGLE_ROLES[index])
    lot = int.from_bytes(_lot(seed, f"role of {name}"))
    return Person(address, name, COMMON_ROLES[lot % len(COMMON_ROLES)])


def _lot(seed: int, text: str) -> bytes:
    """Draw a lot that stays the same in every version of Python, unlike `random`."""
    return hashlib.sha256(f"{seed} {text}".encode()).digest()[:8]
