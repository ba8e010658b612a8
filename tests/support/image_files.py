"""Image files that only a hand-written PNG can be."""

import struct
import zlib


def png(path, colour_type, row, size=(20, 20), depth=16, transparency=b""):
    """Write a PNG whose rows are all the bytes `row`; `transparency` is its tRNS chunk."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    wide, high = size
    body = chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, depth, colour_type, 0, 0, 0))
    body += chunk(b"tRNS", transparency) if transparency else b""
    body += chunk(b"IDAT", zlib.compress((b"\0" + row) * high if row else b"")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def bomb(path):
    """A PNG of a few bytes that claims 30,000 x 30,000 pixels."""
    return png(path, 2, b"", (30_000, 30_000), depth=8)
