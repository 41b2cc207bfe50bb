"""How many tokens an image makes, by the formulas that providers document, for quotes and for the bound that caps rest on. Pure.

Requests ask for detail "high"; each figure is for an image as it is sent, of so many pixels. Where a formula depends on what
is not known here, the larger outcome is taken, and for a model of no known provider the largest of all.

* OpenAI (developers.openai.com, "Images and vision"): models up to gpt-5.1 and o3 shrink to 2,048 pixels a side and 768 on the
  shorter one, then count tiles of 512 pixels; the others count patches of 32 pixels up to 1,536 or 2,500, times a factor.
* Anthropic (platform.claude.com, "Vision"): patches of 28 pixels; up to 4,784 since Claude 4.7, 1,568 before.
* Google (ai.google.dev, "Image understanding"): 258 a tile, cut by the shorter side; from Gemini 3 on 1,120 at most.
"""

import re
from collections.abc import Iterable
from math import ceil

from prelabel.examples.content import Message, images_in

TILES = (  # name of the model, tokens of the whole, tokens a tile
    (re.compile(r"gpt-4o-mini"), 2_833, 5_667),
    (re.compile(r"(chatgpt-4o|gpt-4o|gpt-4\.1(?!-mini|-nano)|gpt-4\.5|gpt-4-)"), 85, 170),
    (re.compile(r"(o1|o3)"), 75, 150),
    (re.compile(r"gpt-5(\.1)?(?!\.|-mini|-nano)"), 70, 140),
)
PATCHES = (  # name of the model, most patches, tokens a patch
    (re.compile(r"(gpt-4\.1|gpt-5)-nano"), 1_536, 2.46),
    (re.compile(r"(gpt-4\.1|gpt-5)-mini|o4-mini"), 1_536, 1.72),
    (re.compile(r".*-nano"), 2_500, 2.46),
    (re.compile(r".*-mini"), 2_500, 1.72),
    (re.compile(r""), 2_500, 1.2),
)
CLAUDE_MOST, GEMINI_TILE, GEMINI_WHOLE = 4_784, 258, 1_120


def of_messages(model: str, messages: Iterable[Message]) -> int:
    """Tokens of all images in messages for a model, by LiteLLM's name."""
    return sum(of_image(model, image["width"], image["height"]) for image in images_in(messages))


def of_image(model: str, width: int, height: int) -> int:
    """Tokens of an image for a model, by LiteLLM's name."""
    bare = model.rpartition("/")[2].removeprefix("ft:")
    if bare.startswith("claude") or model.startswith("anthropic/"):
        return _claude(width, height)
    if bare.startswith("gemini"):
        return _gemini(width, height)
    if re.match(r"(gpt-|chatgpt-|o\d)", bare):
        return _openai(bare, width, height)
    return max(_openai("gpt-4o", width, height), _claude(width, height), _gemini(width, height))


def _openai(bare: str, width: int, height: int) -> int:
    for name, whole, each in TILES:
        if name.match(bare):
            return whole + each * _tiles(width, height)
    most, each_patch = next((most, each) for name, most, each in PATCHES if name.match(bare))
    return ceil(min(most, _grid(width, height, 32)) * each_patch)


def _tiles(width: int, height: int) -> int:
    """Tiles of 512 pixels, of the image shrunk to fit."""
    shrink = min(1.0, 2_048 / max(width, height))
    shrink = min(shrink, 768 / min(width, height))
    return _grid(max(1.0, width * shrink), max(1.0, height * shrink), 512)


def _claude(width: int, height: int) -> int:
    return min(CLAUDE_MOST, _grid(width, height, 28))


def _gemini(width: int, height: int) -> int:
    unit = min(768, max(256, int(min(width, height) / 1.5)))
    return max(GEMINI_TILE * _grid(width, height, unit), GEMINI_WHOLE)


def _grid(width: float, height: float, side: int) -> int:
    """Squares that cover it."""
    return ceil(round(width / side, 6)) * ceil(round(height / side, 6))
