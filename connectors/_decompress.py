"""The body of an answer, decompressed within bounds: what comes out is counted while it comes out, not afterwards."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Iterator

import brotli  # type: ignore[import-untyped]
import zstandard

from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection

ENCODINGS = "gzip, deflate, br, zstd"

# Real feeds compress 4 to 40 times; deflate ends at about 1,000 times, brotli and zstd far above. Small bodies may be all blanks.
MAX_RATIO = 200
RATIO_COUNTS_FROM_BYTES = 1_000_000
_STEP_BYTES = 65_536
# RFC 9659: the largest window that zstd may need over HTTP.
_ZSTD_WINDOW_BYTES = 8_388_608


def read_body(chunks: Iterable[bytes], content_encoding: str, max_bytes: int) -> bytes:
    """All of the body as it was before `content_encoding`.

    Raises Permanent(`too_large`) above `max_bytes` (received or decompressed) or above the ratio, Permanent(`unreadable`) for an encoding
    that we did not ask for or that does not decode, Transient when the body ends early.
    """
    counted = _Counted(chunks, max_bytes)
    body = bytearray()
    try:
        for piece in _decoded(counted, content_encoding.strip().lower()):
            body += piece
            if len(body) > max_bytes:
                raise Permanent(
                    Rejection.TOO_LARGE,
                    f"the answer is larger than {max_bytes:,} bytes when decompressed; raise max_bytes if that is meant",
                )
            if len(body) > RATIO_COUNTS_FROM_BYTES and len(body) > MAX_RATIO * counted.bytes:
                raise Permanent(Rejection.TOO_LARGE, f"the answer decompresses to more than {MAX_RATIO} times its size, as an attack would")
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise Permanent(Rejection.UNREADABLE, f"the answer says it is {content_encoding} but does not decompress: {error}") from error
    return bytes(body)


class _Counted:
    """The chunks as received, counted and bounded; also a reader for zstd."""

    def __init__(self, chunks: Iterable[bytes], max_bytes: int) -> None:
        self._chunks = iter(chunks)
        self._max_bytes = max_bytes
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self.bytes += len(chunk)
        if self.bytes > self._max_bytes:
            raise Permanent(Rejection.TOO_LARGE, f"the answer is larger than {self._max_bytes:,} bytes; raise max_bytes if that is meant")
        return chunk

    def read(self, _size: int = -1) -> bytes:
        return next((chunk for chunk in self if chunk), b"")


def _decoded(chunks: _Counted, encoding: str) -> Iterator[bytes]:
    if encoding in ("", "identity"):
        return iter(chunks)
    if encoding in ("gzip", "x-gzip"):
        return _gzip(chunks)
    if encoding == "deflate":
        return _deflate(chunks)
    if encoding == "br":
        return _brotli(chunks)
    if encoding == "zstd":
        return _zstd(chunks)
    raise Permanent(Rejection.UNREADABLE, f"the answer is encoded as {encoding[:60]!r}, which was not asked for")


def _gzip(chunks: _Counted) -> Iterator[bytes]:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        while chunk:
            yield inflater.decompress(chunk, _STEP_BYTES)
            if not inflater.eof:
                chunk = inflater.unconsumed_tail
                continue
            # Several members may follow each other, and some servers pad the last with zeros.
            chunk = inflater.unused_data.lstrip(b"\x00")
            if chunk:
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    yield from _rest(inflater, chunks)


def _deflate(chunks: _Counted) -> Iterator[bytes]:
    head = b""
    for first in chunks:
        head += first
        if len(head) >= 2:
            break
    # The name means zlib (RFC 9110, 8.4.1.2), but some servers send it without its two header bytes.
    has_header = len(head) >= 2 and head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0
    inflater = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
    for chunk in itertools.chain([head], chunks):
        left = chunk
        while left and not inflater.eof:
            yield inflater.decompress(left, _STEP_BYTES)
            left = inflater.unconsumed_tail
    yield from _rest(inflater, chunks)


def _rest(inflater: zlib._Decompress, chunks: _Counted) -> Iterator[bytes]:
    yield inflater.flush()
    if not inflater.eof and chunks.bytes:
        raise Transient("the answer ended in the middle of its compressed body")


def _brotli(chunks: _Counted) -> Iterator[bytes]:
    inflater = brotli.Decompressor()
    for chunk in chunks:
        yield inflater.process(chunk, output_buffer_limit=_STEP_BYTES)
        while not inflater.can_accept_more_data():
            yield inflater.process(b"", output_buffer_limit=_STEP_BYTES)
        if inflater.is_finished():
            return
    if chunks.bytes:
        raise Transient("the answer ended in the middle of its compressed body")


def _zstd(chunks: _Counted) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    with decompressor.stream_reader(chunks, read_size=_STEP_BYTES, read_across_frames=True, closefd=False) as reader:  # type: ignore[arg-type]
        while piece := reader.read(_STEP_BYTES):
            yield piece
