"""The decoder's side of `simulator.decoding`: a process that turns strangers' files into frames and can do no more.

    python -m simulator.decoder

Standard input is a socket to the process that asks; standard output is memory that both share, a ring of SLOTS slots
of SLOT bytes. A request is one JSON object and a descriptor of the file. The answers are JSON lines: `expect`, how many
bytes of frames there may be; `bytes`, that the next slot is filled, for which one byte comes back when it is empty
again; at last what the frames are, or `error`, why there are none, with `last` where this process is used up.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import mmap
import os
import pkgutil
import resource
import socket
import sys
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from simulator import confine
from simulator.decoding import SLOT, SLOTS

DEMUXERS = ("mov", "matroska", "avi", "gif")
CODECS = (  # what video models, cameras and editors write; a file's other decoders are never run
    "h264", "hevc", "vvc", "av1", "libdav1d", "vp8", "vp9", "libvpx", "libvpx-vp9", "mpeg4", "msmpeg4", "msmpeg4v2",
    "h263", "mpeg1video", "mpeg2video", "mjpeg", "png", "gif", "rawvideo", "ffv1", "ffvhuff", "huffyuv", "utvideo",
    "magicyuv", "qtrle", "prores", "dnxhd", "theora", "cinepak", "msvideo1", "wmv2", "v210",
)  # fmt: skip
FIRST = bytes.fromhex(  # a picture of one pixel
    "47494638396101000100800000ffffff00000021f90400000000002c000000000100010000020244013b"
)
GROWTH = 64 << 20  # bytes of address space that may stay taken after a file


class Refused(Exception):
    """Why a file gives no frames, as what follows its name in a sentence."""


class Frames:
    """Where decoded frames go, as one string of bytes: into a ring of slots that the asking process empties."""

    def __init__(self, asking: socket.socket, ring: memoryview, allowed: int, self_size: confine.Size) -> None:
        self.asking, self.ring, self.allowed, self.taken = asking, ring, allowed, self_size()
        self.count, self.written, self.shape = 0, 0, (0, 0, 0)
        self.slot, self.filled, self.full = 0, 0, 0  # the slot in use, bytes in it, slots not emptied yet

    def expect(self, size: int) -> None:
        """Say how many bytes there are likely to be."""
        tell(self.asking, {"expect": size})

    def add(self, picture: np.ndarray) -> None:
        """Write one (H, W, 3) uint8 picture; what it takes is taken off what decoding may still take."""
        if self.count and picture.shape != self.shape:
            raise Refused(f"changes its size at frame {self.count}; convert it to one size")
        self.shape = picture.shape
        data = np.ascontiguousarray(picture).data.cast("B")
        while data:
            room = min(SLOT - self.filled, len(data))
            start = self.slot * SLOT + self.filled
            self.ring[start : start + room] = data[:room]
            self.filled, self.written, data = self.filled + room, self.written + room, data[room:]
            if self.filled == SLOT:
                self.flush()
        self.count += 1
        self.limit()

    def flush(self) -> None:
        """Hand over the slot in use; wait for an empty one."""
        if self.filled:
            tell(self.asking, {"bytes": self.filled})
            self.slot, self.filled, self.full = (self.slot + 1) % SLOTS, 0, self.full + 1
        self.wait(SLOTS - 1)

    def wait(self, slots: int) -> None:
        """Wait until no more than so many slots are full."""
        while self.full > slots:
            emptied = self.asking.recv(SLOTS)
            if not emptied:
                os._exit(0)  # nobody is left to decode for
            self.full -= len(emptied)

    def limit(self) -> None:
        """Hold the address space of this process to what it had, and what is allowed and not yet taken by frames."""
        if self.taken:
            confine.limit(resource.RLIMIT_AS, self.taken + self.allowed - self.written)


def tell(asking: socket.socket, message: dict[str, Any]) -> None:
    """Send one message."""
    asking.sendall(json.dumps(message).encode() + b"\n")


def decode(file: io.FileIO, frames: Frames, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Decode `file` into `frames`; their number and size, and the frame rate.

    Pictures are turned upright where the file says so; alpha is dropped; a variable frame rate becomes its mean.

    Raises:
        Refused: not a video, truncated, no frames, or over a limit; says which.
    """
    if asked["demuxer"] not in DEMUXERS:
        raise Refused("is of no kind that is read")
    frames.limit()
    options = {"protocol_whitelist": "none", "codec_whitelist": ",".join(CODECS)}
    try:
        with av.open(file, "r", format=asked["demuxer"], options=options, metadata_errors="replace") as container:
            fps = _fill(frames, container, asked)
    except MemoryError as error:
        raise MemoryError(asked["memory"]) from error
    except av.FFmpegError as error:
        raise Refused(f"cannot be read: {error.strerror}; the file is damaged or cut short") from error
    return {"frames": frames.count, "height": frames.shape[0], "width": frames.shape[1], "fps": fps}


def _fill(frames: Frames, container: av.container.InputContainer, asked: Mapping[str, Any]) -> float:
    """Decode all frames of the first video stream; the frame rate."""
    if not container.streams.video:
        raise Refused("holds no video stream")
    stream = container.streams.video[0]
    context = stream.codec_context
    if context is None or context.name not in CODECS:
        raise Refused(f"is in a codec that is not read ({context.name if context else 'unknown'}); convert it to H.264")
    rate = stream.average_rate or stream.guessed_rate
    if not rate or rate <= 0:
        raise Refused("states no frame rate; convert it with ffmpeg -r RATE")
    context.thread_count = 1
    cap = _cap(context.width, context.height, stream.frames, asked)
    frames.expect(3 * context.width * context.height * min(cap, stream.frames or _stated(container, rate)))
    colours = VideoReformatter()
    packets, reached, damaged = 0, 0, False
    try:
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                packets += 1
                shown = (packet.pts - (stream.start_time or 0)) * packet.time_base
                reached = max(reached, packets, 1 + round(shown * rate))
            damaged |= packet.is_corrupt
            for frame in packet.decode():
                _cap(frame.width, frame.height, frames.count + 1, asked)
                picture = colours.reformat(frame, format="rgb24", threads=1).to_ndarray()
                frames.add(np.rot90(picture, round(frame.rotation / 90) % 4))
    except MemoryError:
        raise
    except av.FFmpegError:
        damaged = True
    expected = stream.frames or _stated(container, rate)
    if damaged or reached < expected:
        raise Refused(
            f"is damaged or cut short: {frames.count} of {expected or 'unknown'} frames decoded; "
            "fetch or generate it again"
        )
    if not frames.count:
        raise Refused("holds no frames")
    return _fps(container, rate * Fraction(packets, max(packets, reached)))


def _noted(container: av.container.InputContainer, key: str) -> float:
    """A number that write_video left in the file; NaN where there is none."""
    try:
        return float(container.metadata.get(key.upper(), container.metadata.get(key, "nan")))
    except ValueError:
        return math.nan


def _fps(container: av.container.InputContainer, mean: Fraction) -> float:
    """The rate as write_video noted it, where that agrees with what the container says; otherwise the container's."""
    noted = _noted(container, "fps")
    return noted if abs(noted - mean) < 1e-3 * mean else float(mean)


def _stated(container: av.container.InputContainer, rate: Fraction) -> int:
    """How many frames there are at least, by note or by the duration that the container states; 0 where it is mute."""
    noted = _noted(container, "frames")
    if math.isfinite(noted):
        return int(noted)
    if not container.duration or len(container.streams) > 1:
        return 0
    return max(0, math.floor(container.duration / av.time_base * rate) - 1)


def _cap(width: int, height: int, frames: int, asked: Mapping[str, Any]) -> int:
    """How many frames of a size are read.

    Raises:
        Refused: `frames` of that size are more than that.
    """
    memory = asked["memory"] // max(1, 3 * width * height)
    cap, key = min((0 if width * height > asked["pixels"] else memory, "pixels"), (asked["frames"], "frames"))
    if cap == 0 or frames > cap:
        key = key if cap != memory else "decode_memory"
        raise Refused(
            f"is too big: {frames or 'unknown'} frames of {width}x{height}, and {cap} of this size are read; "
            f"cut it, scale it down, or raise limits.{key}"
        )
    return cap


def answer(asked: Mapping[str, Any], file: int, frames: Frames, self_size: confine.Size) -> dict[str, Any]:
    """What is said to one request in the end; `file` is closed."""
    before = self_size()
    try:
        used = resource.getrusage(resource.RUSAGE_SELF)
        confine.limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + asked["seconds"])
        with io.FileIO(file, "rb") as source:
            said = decode(source, frames, asked)
    except Refused as refused:
        said = {"error": str(refused)}
    except MemoryError:
        said = {"error": f"takes more than {asked['memory'] >> 20} MiB to decode; raise limits.decode_memory"}
    except Exception as raised:  # a slip of ours, or of the library's, must not cost the process
        said = {"error": f"cannot be decoded: {type(raised).__name__}: {raised}"[:500]}
    confine.lift(resource.RLIMIT_AS)
    frames.flush()
    frames.wait(0)
    return {**said, "last": self_size() > before + GROWTH}


def _load() -> None:
    """Load whatever decoding loads late, while files can still be opened."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if module.name != "av.__main__":
            importlib.import_module(module.name)
    with av.open(io.BytesIO(FIRST), "r", format="gif") as container:
        for frame in container.decode(video=0):
            VideoReformatter().reformat(frame, format="rgb24", threads=1).to_ndarray()


def main() -> None:
    """Answer requests until the other end of the socket is closed."""
    asking = socket.socket(fileno=sys.stdin.fileno())
    ring = memoryview(mmap.mmap(sys.stdout.fileno(), SLOT * SLOTS))
    av.logging.set_level(None)
    _load()
    self_size = confine.Size()
    confine.confine(spare_descriptors=1)
    tell(asking, {"ready": True})
    while True:
        request, descriptors, _, _ = socket.recv_fds(asking, 1 << 12, 1)
        if not request:
            return
        asked = json.loads(request)
        frames = Frames(asking, ring, asked["memory"], self_size)
        tell(asking, answer(asked, descriptors[0], frames, self_size))


if __name__ == "__main__":
    main()
