"""The configuration of a verb: `conf/VERB.yaml` and its groups, with overrides checked key by key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from simulator.errors import UsageError, unknown

CONF = Path(__file__).resolve().parents[1] / "conf"  # beside the packages, in a checkout and in a wheel alike
_KEY = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
_LINE = re.compile(r"(?P<indent>  (?:- )?)?(?P<key>\w+):\s*(?P<default>.*?)\s*(?:#\s*(?P<help>.*))?$")


class Key(NamedTuple):
    """One key of a verb, as its file documents it."""

    name: str
    default: str
    help: str
    group: bool = False  # chosen among the files of a folder


def names(group: str) -> list[str]:
    """The files of a configuration group, e.g. "model" or "suite"."""
    return sorted(p.stem for p in (CONF / group).glob("*.yaml"))


def headline(path: Path) -> str:
    """What a configuration file says it is: its first line, a comment."""
    with path.open() as f:
        return f.readline().lstrip("# ").strip()


def keys(verb: str) -> list[Key]:
    """The keys of a verb with their defaults and their comments, in the order of its file; groups first."""
    groups: list[Key] = []
    own: list[Key] = []
    parent = ""
    for match in filter(None, map(_LINE.match, (CONF / f"{verb}.yaml").read_text().splitlines())):
        key = Key(match["key"], match["default"].strip("'\""), match["help"] or "", match["indent"] == "  - ")
        if key.group:
            groups.append(key)
        elif match["indent"]:
            own.append(key._replace(name=f"{parent}.{key.name}"))
        elif key.default:
            own.append(key)
        else:
            parent = key.name
    return groups + own


def _value(text: str, default: Any) -> Any:
    """What `text` means: Hydra's grammar, except where a string is expected or the grammar does not fit.

    A value that is missing ("???") is a string.
    """
    if isinstance(default, str):
        return text
    try:
        override = OverridesParser.create().parse_override(f"key={text}")
        return text if override.is_sweep_override() else override.value()
    except HydraException:
        return text


def _fits(value: Any, default: Any) -> bool:
    if default is None or value is None:
        return True
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    if isinstance(default, (list, dict)):
        return not isinstance(value, dict) or isinstance(default, dict)  # one name may stand for a list of one
    return isinstance(value, type(default))


def _flat(config: Any, prefix: str = "") -> Iterable[str]:
    for key, value in config.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")


def _split(overrides: Sequence[str]) -> list[tuple[str, str]]:
    pairs = []
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise UsageError(f"cannot read '{text}'; write key=value")
        pairs.append((key, value))
    return pairs


def load(verb: str, overrides: Sequence[str] = (), words: Sequence[str] = ()) -> dict[str, Any]:
    """The resolved configuration of `verb`, as plain dicts and lists.

    overrides: "key=value", groups ("model=frozen") and dotted keys ("suite.seeds=2") alike.
    words: arguments without a key; kept under `words` by the verbs that take them.

    Raises:
        UsageError: an unknown key or group member (with near misses), a value of another type, a missing value.
    """
    pairs = _split(overrides)
    groups = {key.name for key in keys(verb) if key.group}
    chosen = [(k, v) for k, v in pairs if k in groups]
    for group, name in chosen:
        if name not in names(group):
            raise unknown(group, name, names(group))
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        config: DictConfig = compose(verb, overrides=[f"{k}={v}" for k, v in chosen])
    OmegaConf.set_struct(config, False)
    base = OmegaConf.to_container(config, resolve=False)
    assert isinstance(base, dict)
    allowed = [name for name in _flat(base) if name != "words"]
    for key, text in pairs:
        if key in groups:
            continue
        if key not in allowed:
            raise unknown("key", key, allowed)
        default = _at(base, key)
        value = _value(text, default)
        if not _fits(value, default):
            raise UsageError(f"{key}={text} should be like {key}={_like(default)}")
        OmegaConf.update(config, key, value, merge=False)
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise UsageError(f"{missing[0]}= is missing; see `worldassay {verb} --help`")
    try:
        resolved = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise UsageError(f"the configuration does not resolve: {str(error).splitlines()[0]}") from error
    assert isinstance(resolved, dict)
    if words and "words" not in resolved:
        raise UsageError(f"`worldassay {verb}` takes key=value only, not '{words[0]}'; see `worldassay {verb} --help`")
    if "words" in resolved:
        resolved["words"] = list(words)
    return {str(k): v for k, v in resolved.items()}


def _at(config: Any, key: str) -> Any:
    for part in key.split("."):
        config = config[part]
    return config


def _like(default: Any) -> str:
    return f"[{','.join(map(str, default[:3]))}]" if isinstance(default, list) else str(default).lower()
