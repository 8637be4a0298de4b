"""Command: any program that writes a video, as a model. It is run without a shell."""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from simulator.clip import Clip, read_video, write_video
from simulator.errors import UsageError
from simulator.picture import write_png
from simulator.shot import Shot

FIELDS = ("prompt", "out", "height", "width", "frames", "fps", "seed", "first", "last", "video", "known")
_FIELD = re.compile(r"\{(\w+)\}")


class Command:
    """`command` is split into arguments first and filled in after, so that a prompt is always one argument.

    {out} is the video to write; {first} and {last} are PNGs of the clip's first and last frame, {video} is a lossless
    video of all known frames and {known} says which ones they are ("0,1,14,15"). An argument that names one of these
    four is dropped, together with an option before it that stands alone (`--image {first}`), where the shot does not
    give what it names.
    """

    name = "command"

    def __init__(self, command: str, timeout: float = 600.0) -> None:
        try:
            self.arguments = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"model.command cannot be split into arguments: {error}") from error
        used = set(_FIELD.findall(command))
        if not self.arguments or "out" not in used:
            raise UsageError("model.command needs {out}, the video to write, e.g. 'prog --prompt {prompt} --out {out}'")
        if used - set(FIELDS):
            raise UsageError(f"model.command has unknown {{{min(used - set(FIELDS))}}}; known are {', '.join(FIELDS)}")
        if timeout <= 0:
            raise UsageError(f"model.timeout={timeout} is not above 0 seconds")
        self.command, self.timeout = command, timeout

    def fill(self, values: dict[str, str]) -> list[str]:
        """The arguments with `values` in place of fields; those whose field has no value are dropped."""
        filled: list[str] = []
        for argument in self.arguments:
            fields = _FIELD.findall(argument)
            if all(name in values for name in fields):
                filled.append(_FIELD.sub(lambda m: values[m[1]], argument))
            elif filled and filled[-1].startswith("-") and "=" not in filled[-1] and not argument.startswith("-"):
                filled.pop()
        return filled

    def generate(self, shot: Shot) -> Clip:
        """What the program wrote; its size, frame rate and length are kept as they are.

        Raises:
            UsageError: the program is missing, failed (with the end of what it said), took too long, wrote no video.
        """
        with tempfile.TemporaryDirectory(prefix="worldassay-") as scratch:
            values = self._values(shot, Path(scratch))
            arguments = self.fill(values)
            try:
                ended = subprocess.run(
                    arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=self.timeout, check=False
                )
            except OSError as error:
                raise UsageError(f"cannot run {arguments[0]}: {error.strerror}") from error
            except subprocess.TimeoutExpired as error:
                raise UsageError(f"{arguments[0]} took more than {self.timeout:g} s; raise model.timeout") from error
            if ended.returncode != 0:
                said = " | ".join(ended.stderr.decode(errors="replace").strip().splitlines()[-3:])
                raise UsageError(f"{arguments[0]} ended with exit code {ended.returncode}: {said[-400:]}")
            if not Path(values["out"]).is_file():
                raise UsageError(f"{arguments[0]} ended well but wrote no video to {{out}}")
            return read_video(values["out"])

    def _values(self, shot: Shot, scratch: Path) -> dict[str, str]:
        values = {name: str(getattr(shot, name)) for name in ("prompt", "height", "width", "frames", "seed")}
        values |= {"fps": f"{shot.fps:g}", "out": str(scratch / "out.mp4")}
        if shot.known:
            for name, i in (("first", 0), ("last", shot.frames - 1)):
                if i in shot.known:
                    values[name] = str(scratch / f"{name}.png")
                    write_png(values[name], shot.known[i])
            values["known"] = ",".join(map(str, sorted(shot.known)))
            values["video"] = str(scratch / "known.mkv")
            write_video(values["video"], known_clip(shot))
        return values

    def identity(self) -> dict[str, str]:
        """Its name and the command as given; the program behind it is the user's to name by label."""
        return {"name": self.name, "command": self.command}


def known_clip(shot: Shot) -> Clip:
    """The known frames of a shot, in order, at its frame rate."""
    return Clip(np.stack([shot.known[i] for i in sorted(shot.known)]), shot.fps)
