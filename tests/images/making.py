"""Small images of every type."""

import io
import struct
import zlib
from typing import Any

from PIL import Image


def picture(
    kind: str = "PNG",
    width: int = 30,
    height: int = 20,
    orientation: int = 0,
    shade: int = 90,
    **options: Any,
) -> bytes:
    """A plain image of so many pixels; `orientation` is what its EXIF says."""
    written = io.BytesIO()
    image = Image.new("RGB", (width, height), (shade, 40, 200))
    if orientation:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    image.save(written, kind, **options)
    return written.getvalue()


def animated(kind: str) -> bytes:
    """Three frames, each of another shade."""
    frames = [Image.new("RGB", (30, 20), (shade, 0, 0)) for shade in (10, 100, 200)]
    written = io.BytesIO()
    frames[0].save(written, kind, save_all=True, append_images=frames[1:], lossless=True)
    return written.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose head says that it has so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1_000)))
        + chunk(b"IEND", b"")
    )
