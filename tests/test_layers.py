"""The layers of CONTRIBUTING.md: nothing imports from one above its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "keydiff_cli"
# The package's own names, loaded when they are used, and the version.
OUTSIDE = {"__init__", "__main__"}


def layers() -> dict[str, int]:
    """The layer of each part of the package: file or folder -> number, from the bottom."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    return {
        name.removesuffix("/").removesuffix(".py"): number
        for number, row in enumerate(rows)
        for name in re.findall(r"`(.+?)`", row)
    }


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The parts of the package that a file imports."""
    parts = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "keydiff_cli":
            parts |= {alias.name for alias in node.names if not alias.name.startswith("__")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("keydiff_cli."):
            parts.add((node.module or "").split(".")[1])
    return parts


def test_every_part_has_a_layer() -> None:
    parts = {part(path) for path in PACKAGE.rglob("*.py")} - OUTSIDE
    assert parts == set(layers())


def test_nothing_imports_from_a_layer_above_its_own() -> None:
    layer = layers()
    upwards = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if part(path) not in OUTSIDE
        for name in sorted(imported(path))
        if layer[name] > layer[part(path)]
    ]
    assert not upwards, upwards


def modules(path: Path) -> set[str]:
    """The modules outside the package that a file imports, by the first part of their names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


def test_only_llama_touches_ctypes() -> None:
    using = {part(path) for path in PACKAGE.rglob("*.py") if "ctypes" in modules(path)}
    assert using == {"llama"}
