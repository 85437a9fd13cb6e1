"""What compose.yaml says of a service, with the addresses and folders of a machine without Docker.

The commands, settings, secrets and health checks are compose's own, so that what runs here is what
runs there. Only where a container would have its own network and file system, names are exchanged.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.project.tree import ROOT
from tests.servers.process import free_port, is_free

__all__ = ["COMPOSE", "Layout", "Service"]

COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
_LISTENS: Final = re.compile(r"^0\.0\.0\.0:(\d+)$")
_HOMES: Final = ("/home/risk", "/tmp/risk")
_ENTRYPOINT: Final = ROOT / "ops" / "entrypoint.sh"


@dataclass(frozen=True)
class Service:
    """One service: its command, its environment, and the command that asks whether it is well."""

    name: str
    command: list[str]
    environment: dict[str, str]
    probe: list[str] | None


class Layout:
    """Where everything of one run is: folders below `folder`, addresses on loopback.

    Parameters
    ----------
    stores
        What compose calls the broker's and S3's addresses, and what they are here.
    keeps_ports
        Whether a service takes the port of compose.yaml where that is free, as a person expects.
    """

    def __init__(self, folder: Path, stores: Mapping[str, str], *, keeps_ports: bool) -> None:
        self.folder = folder
        self._stores = dict(stores)
        self._ports: dict[tuple[str, int], int] = {}
        for name, service in COMPOSE["services"].items():
            told = service.get("environment", {}).values()
            ports = [int(found[1]) for each in told if (found := _LISTENS.match(str(each)))]
            ports += [int(each.split(":")[1]) for each in service.get("ports", [])]
            for port in dict.fromkeys(ports):
                taken = set(self._ports.values())
                is_kept = keeps_ports and port not in taken and is_free(port)
                self._ports[name, port] = port if is_kept else free_port()
        for sub in ("secrets", "home", "log"):
            (folder / sub).mkdir(exist_ok=True)

    def address(self, name: str) -> str:
        """Return where a service listens, ``HOST:PORT``."""
        return next(f"127.0.0.1:{port}" for (of, _), port in self._ports.items() if of == name)

    def log(self, name: str) -> Path:
        """Return the file that a service writes to."""
        return self.folder / "log" / f"{name}.log"

    def home(self, name: str) -> Path:
        """Return a service's own folder."""
        home = self.folder / "home" / name
        home.mkdir(exist_ok=True)
        return home

    def service(self, name: str) -> Service:
        """Return a service of the product as a process of this machine."""
        found = COMPOSE["services"][name]
        for volume in found.get("volumes", []):
            inside = str(volume).split(":")[1]
            if inside.startswith(_HOMES):
                Path(self.here(name, inside)).mkdir(parents=True, exist_ok=True)
        probe = found.get("healthcheck", {}).get("test")
        environment = {
            variable: self.here(name, str(value))
            for variable, value in found.get("environment", {}).items()
        }
        return Service(
            name,
            ["sh", str(_ENTRYPOINT), *(self.here(name, word) for word in found["command"])],
            environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            None if probe is None else [self.here(name, word) for word in probe[1:]],
        )

    def here(self, name: str, text: str) -> str:
        """Say in this machine's names what compose says in a container's."""
        for ours, theirs in self._stores.items():
            text = text.replace(ours, theirs)
        for port, mine in self._ports.items():
            if port[0] == name:
                text = re.sub(rf"\b{port[1]}\b", str(mine), text)
        text = text.replace("0.0.0.0:", "127.0.0.1:").replace("$$", "$")
        text = text.replace("/run/secrets", str(self.folder / "secrets"))
        for inside in _HOMES:
            text = text.replace(inside, str(self.home(name)))
        return sys.executable if text == "python" else text

    def configuration(self, path: Path) -> str:
        """Return a configuration of ops/ with the addresses of this machine."""
        text = path.read_text(encoding="utf-8")
        for (name, port), mine in self._ports.items():
            text = re.sub(rf"\b{name}:{port}\b", f"127.0.0.1:{mine}", text)
        return text.replace("localhost:9090", self.address("prometheus"))
