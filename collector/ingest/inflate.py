"""gzip, inflated with a bound: a body that would grow past it is refused, however small it is."""

from __future__ import annotations

import zlib

from probes.text import BanjunError, Text


class TooLargeError(BanjunError):
    """The body, or what it inflates to, is over the limit."""


class NotGzipError(BanjunError):
    """Content-Encoding says gzip, and the bytes are not one whole gzip member."""


def inflate(data: bytes, limit: int) -> bytes:
    """The bytes inside one gzip member; raises TooLargeError past `limit`, NotGzipError otherwise.

    A second member or trailing bytes are refused: ten thousand tiny members are an attack, and
    nothing of ours writes them.
    """
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        inflated = reader.decompress(data, limit + 1)
    except zlib.error as exc:
        raise NotGzipError(
            Text(f"gzip 内容损坏：{exc}", f"The gzip body is damaged: {exc}")
        ) from exc
    if len(inflated) > limit:
        raise TooLargeError(
            Text(f"解压后超过 {limit} 字节。", f"The body inflates to more than {limit} bytes.")
        )
    if not reader.eof or reader.unused_data:
        raise NotGzipError(
            Text(
                "gzip 内容不完整或有多余字节。", "The gzip body is cut short or has trailing bytes."
            )
        )
    return inflated
