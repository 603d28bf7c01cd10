"""How much CO2e a kilowatt-hour of electricity carries, by country: for the reader's own sums, never for a star.

Lifecycle grams of CO2e per kWh generated, rounded to the gram. They say nothing of one supplier, hour or contract; the
page lets the reader write another figure.
"""

from __future__ import annotations

YEAR = 2023
SOURCE = "Ember (2024) and Energy Institute (2024), processed by Our World in Data"
LICENCE = "CC BY 4.0"
ADDRESS = "https://ourworldindata.org/grapher/carbon-intensity-electricity"
WORLD = ("World", 481)

GRAMS_PER_KWH: tuple[tuple[str, int], ...] = (
    ("Australia", 549),
    ("Austria", 111),
    ("Belgium", 138),
    ("Brazil", 98),
    ("Canada", 170),
    ("China", 582),
    ("Czechia", 450),
    ("Denmark", 152),
    ("Finland", 79),
    ("France", 56),
    ("Germany", 381),
    ("India", 713),
    ("Ireland", 291),
    ("Italy", 331),
    ("Japan", 485),
    ("Mexico", 507),
    ("Netherlands", 268),
    ("Norway", 30),
    ("Poland", 662),
    ("Portugal", 166),
    ("Singapore", 471),
    ("South Africa", 708),
    ("South Korea", 431),
    ("Spain", 174),
    ("Sweden", 41),
    ("Switzerland", 35),
    ("Taiwan", 642),
    ("Turkey", 465),
    ("United Kingdom", 238),
    ("United States", 369),
)
