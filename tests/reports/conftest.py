"""Two small runs as folders, and a browser where there is one."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.store import Results, load
from tests.synthetic import run, write

ATTACK = """A ball </script><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>"""

TELL = """
const told = document.createElement("pre"); told.id = "told"; document.body.append(told);
const tell = (what) => { told.textContent = JSON.stringify(what); };
"""


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    """A weak and a strong run of one suite; a stranger wrote the prompts and the name of the strong one."""
    folder = tmp_path_factory.mktemp("runs")
    small = {"families": ("drop_bounce", "leaves_frame"), "seeds": 7, "modes": ("prompt",), "prompt": ATTACK}
    weak = run("weak", quality=0.2, unscored=0.1, **small)  # type: ignore[arg-type]
    strong = run("strong <b onclick='x'>", quality=0.97, seed=1, **small)  # type: ignore[arg-type]
    pair = load(write(weak, folder / "weak")), load(write(strong, folder / "strong"))
    (folder / "strong" / pair[1].clips["path"][0]).unlink()
    return pair


@pytest.fixture(scope="session")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """`browse(page, script, fragment)`: what `script` tells by `tell(object)` once the page's scripts ran.

    The script comes as a file beside the page, as the page's content security policy lets no other in.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")

    def dump(page: Path, script: str, fragment: str = "") -> Any:
        (page.parent / "test.js").write_text(TELL + script)
        tested = page.with_name(f"test-{page.name}")
        tested.write_text(page.read_text().replace("</body>", '<script src="test.js"></script></body>'))
        flags = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            "--disable-component-update --disable-sync --disable-dev-shm-usage --dump-dom --virtual-time-budget=8000"
        )
        profile = tmp_path_factory.mktemp("profile")
        command = [chromium, *flags.split(), f"--user-data-dir={profile}", f"{tested.as_uri()}{fragment}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.S)
        assert told, done.stdout[-2000:] + done.stderr[-2000:]
        return json.loads(html.unescape(told[1]))

    return dump
