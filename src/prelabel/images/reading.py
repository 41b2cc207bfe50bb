"""From bytes to an image that is known to be one. No network, no database."""

import base64
import binascii
import hashlib
import io
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from prelabel.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
"""Pillow's names of the types that are read, and the names on the wire: those that models take and browsers show."""
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
ORIENTATION = 0x0112
_DATA = re.compile(r"data:([a-z0-9.+/-]*)((?:;[^,;]*)*),", re.IGNORECASE)


@dataclass(frozen=True)
class Bounds:
    """What an image may have at most. Pixels bound the memory that it takes when it is decoded: 4 bytes each."""

    most_bytes: int = 5_000_000
    most_pixels: int = 25_000_000


@dataclass(frozen=True)
class ImageFile:
    """An image that was read whole. `width` and `height` are of the image as people see it: turned as its EXIF orientation says."""

    type: str
    width: int
    height: int
    data: bytes

    @cached_property
    def sha256(self) -> str:
        """Names the image by its bytes."""
        return hashlib.sha256(self.data).hexdigest()


def read(data: bytes, bounds: Bounds) -> ImageFile:
    """The image that these bytes are, decoded to the last pixel of its first frame to be sure. Raises InputError."""
    if len(data) > bounds.most_bytes:
        raise InputError(f"the image has more than {bounds.most_bytes:,} bytes: make it smaller")
    opened = _opened(data)
    if opened.width * opened.height > bounds.most_pixels:
        raise InputError(
            f"the image has {opened.width:,} x {opened.height:,} pixels, more than {bounds.most_pixels:,}: make it smaller"
        )
    kind = TYPES[str(opened.format)]
    _verify(data)
    turned = opened.getexif().get(ORIENTATION) in (5, 6, 7, 8)  # by a quarter
    width, height = (opened.height, opened.width) if turned else opened.size
    return ImageFile(kind, width, height, data)


def read_data_uri(uri: str, bounds: Bounds) -> ImageFile:
    """The image in a data: URI; what it says of its type is not believed. Raises InputError."""
    head = _DATA.match(uri)
    if not head or ";base64" not in head[2].lower():
        raise InputError("a data: URI of an image begins with data:image/…;base64,")
    if (len(uri) - head.end()) * 3 // 4 > bounds.most_bytes + 3:
        raise InputError(f"the image has more than {bounds.most_bytes:,} bytes: make it smaller")
    try:
        data = base64.b64decode(uri[head.end() :].strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"the data: URI is not base64: {error}") from error
    return read(data, bounds)


def as_sent(type_: str, data: bytes) -> tuple[str, bytes]:
    """Type and bytes as a model is sent an image that is kept: its first frame, upright.

    Not every provider minds the EXIF orientation or takes more than one frame, so an image with either is written anew.
    """
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data), formats=list(TYPES)) as opened:
        if opened.getexif().get(ORIENTATION, 1) == 1 and getattr(opened, "n_frames", 1) == 1:
            return type_, data
        upright = ImageOps.exif_transpose(opened)
        written = io.BytesIO()
        if type_ == "image/jpeg":
            upright.convert("RGB").save(written, "JPEG", quality=95)
            return type_, written.getvalue()
        upright.convert("RGBA").save(written, "PNG")
        return "image/png", written.getvalue()


def _opened(data: bytes) -> "Image":
    """The image with its head read. Raises InputError."""
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(io.BytesIO(data), formats=list(TYPES))
    except UnidentifiedImageError as error:
        raise InputError(f"{_what(data)}: PNG, JPEG, WebP and GIF can be read") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError("the image has far too many pixels: make it smaller") from error
    except Exception as error:  # a damaged head makes Pillow's readers raise whatever they stumble upon
        raise InputError(f"the image is damaged: {error}") from error


def _verify(data: bytes) -> None:
    """Raise InputError unless the whole is sound: check sums where the type has them, and every pixel of the first frame."""
    try:
        _opened(data).verify()
        _opened(data).load()
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(f"the image is damaged or breaks off: {error}") from error


def _what(data: bytes) -> str:
    head = data[:1_000].lstrip().lower()
    if b"<svg" in head:
        return "this is SVG, which is a program rather than a picture and is not taken"
    return "this is text and no image" if head[:1] in (b"<", b"{") else "this is no image of a known type"
