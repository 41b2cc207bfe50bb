"""Only what is an image, whole and of a bearable size, is one."""

import base64
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from prelabel.errors import InputError
from prelabel.images.reading import Bounds, as_sent, read, read_data_uri
from tests.images.making import animated, picture, png_that_claims

SMALL = Bounds(most_bytes=100_000, most_pixels=10_000)


@pytest.mark.parametrize(
    ("kind", "type_"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_type_and_size_are_those_of_the_bytes_and_not_of_a_name(kind: str, type_: str) -> None:
    found = read(picture(kind), SMALL)
    assert (found.type, found.width, found.height) == (type_, 30, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_image_upright_and_so_is_what_models_see(orientation: int) -> None:
    data = picture("JPEG", orientation=orientation)
    found = read(data, SMALL)
    assert (found.width, found.height) == ((30, 20) if orientation < 5 else (20, 30))
    kind, sent = as_sent(found.type, data)
    with Image.open(io.BytesIO(sent)) as seen:
        assert (kind, seen.size) == ("image/jpeg", (found.width, found.height))
        assert seen.getexif().get(0x0112, 1) == 1
    assert (sent == data) == (orientation == 1)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_models_see_the_first_frame_alone(kind: str) -> None:
    data = animated(kind)
    sent_type, sent = as_sent(read(data, SMALL).type, data)
    with Image.open(io.BytesIO(sent)) as seen:
        assert (sent_type, getattr(seen, "n_frames", 1)) == ("image/png", 1)
        assert seen.convert("RGB").getpixel((0, 0)) == (10, 0, 0)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no image of a known type"),
        (b"hello", "no image of a known type"),
        (SVG, "this is SVG, which is a program"),
        (b"<html>not found</html>", "this is text and no image"),
        (picture("BMP"), "no image of a known type: PNG, JPEG, WebP and GIF can be read"),
        (picture("TIFF"), "no image of a known type"),
        (b"\x00" * 100_001, "more than 100,000 bytes"),
        (picture(width=200, height=100), "200 x 100 pixels, more than 10,000"),
        (png_that_claims(40_000, 40_000), "pixels"),
        (png_that_claims(10_000, 10_000), "pixels"),
        (png_that_claims(90, 90), "damaged or breaks off"),
        (picture("JPEG", 90, 90)[:-20], "damaged or breaks off"),
        (picture("PNG", 90, 90)[:-30], "damaged"),
        (picture("WEBP", 90, 90)[:-20], "damaged"),
        (picture("PNG").replace(b"IDAT", b"IDAX"), "no image of a known type|damaged"),
    ],
)
def test_anything_else_is_refused_with_its_reason(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(data, SMALL)


@settings(max_examples=60)
@given(
    st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_damaged_bytes_are_an_image_or_refused_and_nothing_else_is_raised(
    kind: str, changes: list[tuple[float, int]], cut: float
) -> None:
    data = bytearray(picture(kind, orientation=6 if kind == "JPEG" else 0))
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    try:
        found = read(bytes(data[: max(8, int(cut * 2 * len(data)))]), SMALL)
    except InputError:
        return
    assert found.width * found.height <= SMALL.most_pixels


def test_an_image_may_be_written_out() -> None:
    encoded = base64.b64encode(picture()).decode()
    assert read_data_uri(f"data:image/svg+xml;base64,{encoded}", SMALL).type == "image/png"


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("data:image/png,abc", "begins with data:image"),
        ("data:image/png;base64", "begins with data:image"),
        ("data:image/png;base64,a*b", "not base64"),
        ("data:image/png;base64," + "A" * 200_000, "more than 100,000 bytes"),
        ("data:image/svg+xml;base64," + base64.b64encode(SVG).decode(), "this is SVG"),
    ],
)
def test_a_data_uri_that_holds_no_image_is_refused(uri: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_data_uri(uri, SMALL)
