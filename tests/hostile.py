"""Files that strangers might send: seeded mutations of small videos, bombs, playlists, archives, links, pipes."""

from __future__ import annotations

import io
import os
import socket
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np

BASES = (  # suffix, muxer, encoder, pixel format
    ("mp4", "mp4", "libx264", "yuv420p"),
    ("mov", "mov", "prores_ks", "yuv422p10le"),
    ("m4v", "mp4", "mpeg4", "yuv420p"),
    ("mkv", "matroska", "ffv1", "bgr0"),
    ("webm", "webm", "libvpx-vp9", "yuv420p"),
    ("avi", "avi", "mjpeg", "yuvj420p"),
    ("gif", "gif", "gif", "rgb8"),
)
EXACT = {"fflags": "+bitexact"}  # no random names in files
EXTREMES = (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x00010000, 0x7FFF7FFF)
Mutation = Callable[[bytearray, np.random.Generator], bytes]


@cache  # an encoder may give other bytes the next time, which is not what a seed speaks of
def video(muxer: str, encoder: str, pixels: str) -> bytes:
    """Eight frames of 64x64: a square that moves over noise."""
    rng = np.random.default_rng(0)
    file = io.BytesIO()
    with av.open(file, "w", format=muxer, options=EXACT) as container:
        stream = container.add_stream(encoder, rate=8)
        stream.width = stream.height = 64
        stream.pix_fmt = pixels
        for i in range(8):
            picture = rng.integers(80, 120, (64, 64, 3), dtype=np.uint8)
            picture[20:40, 5 * i : 5 * i + 15] = (220, 40, 30)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 8)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _flip(data: bytearray, rng: np.random.Generator) -> bytes:
    for at in rng.integers(0, len(data), rng.integers(1, 30)):
        data[at] ^= 1 << int(rng.integers(8))
    return bytes(data)


def _cut(data: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(data[: int(rng.integers(1, len(data)))])


def _lie(data: bytearray, rng: np.random.Generator) -> bytes:
    """Numbers in the headers, which are at both ends, become extreme ones."""
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(4, min(600, len(data) - 4)))
        at = at if rng.random() < 0.5 else len(data) - 4 - at
        struct.pack_into(str(rng.choice([">I", "<I"])), data, max(12, at), int(rng.choice(EXTREMES)))
    return bytes(data)


def _blank(data: bytearray, rng: np.random.Generator) -> bytes:
    at, size = int(rng.integers(12, len(data) - 1)), int(rng.integers(1, 200))
    data[at : at + size] = bytes([int(rng.choice([0, 255]))]) * len(data[at : at + size])
    return bytes(data)


def _shuffle(data: bytearray, rng: np.random.Generator) -> bytes:
    """A piece is left out, or comes twice."""
    a, b = sorted(int(n) for n in rng.integers(12, len(data), 2))
    return bytes(data[:a] + data[b:] if rng.random() < 0.5 else data[:b] + data[a:])


MUTATIONS: tuple[tuple[str, Mutation, int], ...] = (
    ("flip", _flip, 25), ("cut", _cut, 10), ("lie", _lie, 20), ("blank", _blank, 10), ("shuffle", _shuffle, 5),
)  # fmt: skip


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF whose frames change one pixel of a picture of any size: each takes 24 bytes and decodes to all of it."""
    control = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    pixel = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\x00\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + (control + pixel) * frames + b";"


@cache  # see `video`
def repeated(side: int, frames: int) -> bytes:
    """A Matroska file without a count of its frames: one flat picture, again and again, in some 100 bytes each."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska", options=EXACT) as container:
        stream = container.add_stream("libx264", rate=8, options={"preset": "ultrafast", "x264-params": "scenecut=0"})
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(side, side, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        first = [*stream.encode(frame), *stream.encode(None)][0]
        for i in range(frames):
            packet = av.Packet(bytes(first))
            packet.stream, packet.is_keyframe, packet.time_base = stream, True, Fraction(1, 8)
            packet.pts = packet.dts = i
            container.mux(packet)
    return file.getvalue()


def elsewhere(data: bytes, path: str) -> bytes:
    """A QuickTime file whose pictures are said to be in another file: its data reference is a path."""
    at = data.index(b"url \0\0\0\1") - 4
    name = path.encode() + b"\0"
    whole = bytearray(data[:at] + struct.pack(">I4sI", 12 + len(name), b"url ", 0) + name + data[at + 12 :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        start = whole.rindex(box, 0, at) - 4
        struct.pack_into(">I", whole, start, struct.unpack_from(">I", whole, start)[0] + len(name))
    return bytes(whole)


def _sized(data: bytes, width: int, height: int) -> bytes:
    """An MP4 whose headers state another size."""
    whole = bytearray(data)
    struct.pack_into(">HH", whole, data.index(b"avc1", data.index(b"stsd")) + 28, width, height)
    struct.pack_into(">HHHH", whole, data.index(b"tkhd") + 80, width, 0, height, 0)
    return bytes(whole)


def _counted(data: bytes, box: bytes, count: int) -> bytes:
    """An MP4 whose table `box` states another number of entries."""
    whole = bytearray(data)
    struct.pack_into(">I", whole, data.index(box) + (12 if box == b"stsz" else 8), count)
    return bytes(whole)


def _archives() -> Iterator[tuple[str, bytes]]:
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(zipfile.ZipInfo("../../slipped.mp4"), b"slip")  # dated 1980, whenever it is made
    with tarfile.open(fileobj=tarred, mode="w") as archive:
        for name, link in (("../../slipped.mp4", ""), ("link.mp4", "/etc/passwd")):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = (tarfile.SYMTYPE, link) if link else (tarfile.REGTYPE, "")
            archive.addfile(entry)
    yield "zip-slip.mp4", zipped.getvalue()
    yield "tar-slip.mkv", tarred.getvalue()


def _texts(canary: Path) -> Iterator[tuple[str, bytes]]:
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n"
    dash = f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{canary}</BaseURL></MPD>'
    sdp = "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    texts = {
        "concat": f"ffconcat version 1.0\nfile '{canary}'\n",
        "hls": hls,
        "dash": dash,
        "sdp": sdp,
        "concat-url": f"concat:{canary}|{canary}",
        "subtitles": f"1\n00:00:00,000 --> 00:00:01,000\n{canary}\n",
        "avisynth": f'AviSource("{canary}")\n',
        "text": "hello\n",
        "ftyp-and-hls": "\0\0\0\x14ftypisom\0\0\2\0isom" + hls,
    }
    for suffix in ("mp4", "mkv", "avi", "gif"):
        for name, text in texts.items():
            yield f"{name}.{suffix}", text.encode()


def files(seed: int, canary: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of more than 500 files; those that lead elsewhere lead to `canary`."""
    rng = np.random.default_rng(seed)
    bases = {suffix: video(*rest) for suffix, *rest in BASES}
    for suffix, data in bases.items():
        yield f"whole.{suffix}", data
        for kind, mutation, count in MUTATIONS:
            for i in range(count):
                yield f"{kind}-{i}.{suffix}", mutation(bytearray(data), rng)
    for i, magic in enumerate((b"\0\0\0\x20ftypisom", b"\x1a\x45\xdf\xa3", b"RIFF\0\0\0\0AVI LIST", b"GIF89a", b"")):
        for size in (0, 10, 3000):
            yield f"magic-{i}-{size}.mp4", magic + rng.bytes(size)
    yield from _texts(canary)
    yield from _archives()
    mp4 = bases["mp4"]
    for n, (width, height) in enumerate(((65535, 65535), (0, 0), (1, 65535), (16384, 16384), (65, 64))):
        yield f"sized-{n}.mp4", _sized(mp4, width, height)
    for box in (b"stsz", b"stts", b"stsc", b"stco", b"stss"):
        for count in (0, 1 << 20, 0xFFFFFFFF):
            yield f"counted-{box.decode()}-{count}.mp4", _counted(mp4, box, count)
    yield "elsewhere.mp4", elsewhere(mp4, str(canary))
    yield "elsewhere-relative.mov", elsewhere(bases["mov"], f"../{canary.parent.name}/{canary.name}")
    for name, shape in {
        "pixels": (65535, 65535, 1), "pixels-few": (5000, 5000, 2), "frames": (64, 64, 100_000),
        "memory": (4000, 4000, 60), "both": (65535, 65535, 100_000),
    }.items():  # fmt: skip
        yield f"bomb-{name}.gif", gif(*shape)
    yield "bomb-memory.mkv", repeated(4000, 60)
    yield "bomb-frames.mkv", repeated(16, 20_000)


def make(folder: Path, canary: Path, seed: int = 0) -> list[Path]:
    """Write them all to `folder`, and what is no file beside them; whatever is called like a video."""
    folder.mkdir(parents=True)
    for name, data in files(seed, canary):
        (folder / name).write_bytes(data)
    whole = (folder / "whole.mp4").read_bytes()
    for odd in (b"odd-\xff\xfe", b"odd-\x1b[31mred\x07", b"odd-\n", b"odd-%03d", b"-i", b"odd-*?"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + odd + b".mp4")).write_bytes(whole)
    (folder / f"concat:{canary.name}.mp4").write_bytes(whole)
    for name, target in {
        "link-out": canary, "link-device": "/dev/zero", "link-text": "/etc/passwd", "link-none": "nowhere",
        "link-loop": "link-loop.mp4", "link-in": "whole.mp4", "link-up": f"../{canary.parent.name}/{canary.name}",
    }.items():  # fmt: skip
        (folder / f"{name}.mp4").symlink_to(target)
    os.mkfifo(folder / "pipe.mp4")
    with (folder / "sparse.mp4").open("wb") as sparse:
        sparse.write(whole)
        sparse.truncate(1 << 40)
    with socket.socket(socket.AF_UNIX) as listener, suppress(OSError):  # a path that is too long for one
        listener.bind(str(folder / "socket.mp4"))
    with suppress(OSError):  # for root alone
        os.mknod(folder / "device.mp4", 0o600 | 0o020000, os.makedev(1, 5))
    (folder / "folder.mp4").mkdir()
    return sorted(p for p in folder.iterdir() if p.name != "folder.mp4")
