"""The names of what can be made from scored results in, the files of it in their folder out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from agent.errors import DeadpanError
from agent.extras import installing
from agent.report.findings import Findings

Write = Callable[[Findings, Path], None]
"""Writes one file. Raises OSError when it cannot, and DeadpanError when the recording cannot be read again."""
SlowWrite = Callable[[Findings, Path, Callable[[float], None]], None]
"""The same, and tells how much of it is done, in [0, 1]."""


class ProductError(DeadpanError):
    """There is no such product, or it needs what is not installed. Its text says what to do."""


@dataclass(frozen=True, slots=True)
class Product:
    """Files made from results. `writers`: by file name, the module of agent.report and its function that writes it.

    `needs`: the module it cannot do without, and the extra that brings it. `hinting`: whether it comes out otherwise
    with hints than without. `usual`: whether it is made unless something else is asked for. `slow`: it tells how far
    it is (SlowWrite).
    """

    writers: Mapping[str, tuple[str, str]]
    needs: tuple[str, str] | None = None
    hinting: bool = False
    usual: bool = True
    slow: bool = False


PRODUCTS: Mapping[str, Product] = {
    "html": Product({"report.html": ("page", "write")}),
    "vtt": Product({"captions.vtt": ("captions", "write_vtt")}, hinting=True),
    "srt": Product({"captions.srt": ("captions", "write_srt")}, hinting=True),
    "textgrid": Product({"annotation.TextGrid": ("textgrid", "write")}),
    "eaf": Product({"annotation.eaf": ("elan", "write")}),
    "csv": Product(
        {f"{table}.csv": ("tables", f"write_{table}_csv") for table in ("estimates", "utterances", "words")}
    ),
    "parquet": Product(
        {f"{table}.parquet": ("parquet", f"write_{table}") for table in ("estimates", "utterances", "words")},
        needs=("pyarrow", "parquet"),
        usual=False,
    ),
    "overlay": Product({"overlay.mp4": ("overlay", "write")}, usual=False, slow=True),
}
USUAL = tuple(name for name, product in PRODUCTS.items() if product.usual)
"""What is written unless something else is asked for."""


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """The products of these names, each once; `all` are all of them. Raises ProductError."""
    picked = dict[str, None]()
    for name in names:
        if name != "all" and name not in PRODUCTS:
            raise ProductError(f"{name} cannot be written; there are: {', '.join(PRODUCTS)}, all, none")
        for each in PRODUCTS if name == "all" else (name,):
            if (needs := PRODUCTS[each].needs) is not None:
                _need(each, *needs)
            picked[each] = None
    return tuple(picked)


def _need(product: str, module: str, extra: str) -> None:
    """Load a module now, before hours of work that would want it at their end."""
    try:
        import_module(module)
    except ImportError as error:  # not there, or another version than the one it goes with
        raise ProductError(f"{product}: {error}; run: {installing(extra)}") from error


def missing(folder: Path, names: Iterable[str]) -> list[str]:
    """Those of the products of which a file is not in the folder, or may be there with hints for without."""
    return [
        name
        for name in names
        if PRODUCTS[name].hinting or not all((folder / file).is_file() for file in PRODUCTS[name].writers)
    ]


def make(findings: Findings, names: Iterable[str], begun: Callable[[str], None]) -> None:
    """Write the products into the folder, each file under a name of its own until it is complete. `begun` is told each
    file's name when its turn comes: some take minutes.
    """
    for name in names:
        for file in PRODUCTS[name].writers:
            make_at(findings, name, file, findings.folder / file, begun)


def make_at(findings: Findings, name: str, file: str, path: Path, begun: Callable[[str], None]) -> None:
    """Write one file of a product where it is wanted."""
    begun(path.name)
    module, function = PRODUCTS[name].writers[file]
    write = getattr(import_module(f"agent.report.{module}"), function)  # some take a second to load
    if PRODUCTS[name].slow:
        write = _telling(write, lambda share: begun(f"{path.name} {share:.0%}"))
    unfinished = path.with_name(f"{path.name}.part")
    try:
        write(findings, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _telling(write: SlowWrite, told: Callable[[float], None]) -> Write:
    return lambda findings, path: write(findings, path, told)


def forget(folder: Path) -> None:
    """Remove all products from a folder whose results are about to be others."""
    for product in PRODUCTS.values():
        for file in product.writers:
            (folder / file).unlink(missing_ok=True)
