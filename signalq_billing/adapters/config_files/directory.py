"""The config directory as a whole: every file read, all problems in one report, nothing by halves (SPEC section 10)."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signalq_billing.adapters.config_files import cadences, guards_file, parks, source_file
from signalq_billing.adapters.config_files.cadences import ReadCadences, read_cadences
from signalq_billing.adapters.config_files.guards_file import read_guards
from signalq_billing.adapters.config_files.parks import ReadVersion, read_parks
from signalq_billing.adapters.config_files.report import SHARED_FILE, Report
from signalq_billing.adapters.config_files.source_file import read_source
from signalq_billing.adapters.config_files.tariffs import read_tariffs
from signalq_billing.domain.config_rules import Place, timeline_problems
from signalq_billing.domain.configs import Configs, ServiceConfig
from signalq_billing.domain.near_miss import near_miss

_FILES = (cadences.FILE, source_file.FILE, SHARED_FILE, guards_file.FILE)


def load(directory: Path | str) -> Configs:
    """Everything in the directory. Raises ConfigInvalid with all problems of all files."""
    directory, report = Path(directory), Report()
    _look_around(directory, report)
    found = read_cadences(directory, report)
    source, guards = read_source(directory, report), read_guards(directory, report)
    with _collector_paused():
        versions = list(read_parks(directory, read_tariffs(directory, report), report))
        _check_timelines(versions, found, report)
    report.raise_problems()
    configs = [version.config for version in versions if version.config is not None]
    return Configs(
        cadences=found.good,
        source=source,
        guards=guards,
        warnings=report.warnings,
        park_configs=tuple(sorted(configs, key=lambda each: (each.park_id.encode(), each.effective_from))),
        placed={(each.placed.park_id, each.placed.effective_from): each.placed for each in versions},
    )


def load_service_config(directory: Path | str) -> ServiceConfig:
    """Cadences, source and guards alone: what a run needs, whatever state the park configs are in.

    Raises ConfigInvalid with all problems of these files.
    """
    directory, report = Path(directory), Report()
    found = read_cadences(directory, report)
    source, guards = read_source(directory, report), read_guards(directory, report)
    report.raise_problems()
    return ServiceConfig(found.good, source, guards, report.warnings)


def load_kill_switch(directory: Path | str) -> bool:
    """The `kill_switch` of guards.yaml alone, off where there is none. Raises ConfigInvalid with all problems of it."""
    report = Report()
    guards = read_guards(Path(directory), report)
    report.raise_problems()
    return guards.kill_switch


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No cycle collection: it would walk hundreds of thousands of live nodes again and again, which triples the time
    that 10,000 parks take. What is read holds no cycles worth collecting meanwhile."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _check_timelines(versions: list[ReadVersion], found: ReadCadences, report: Report) -> None:
    placed = [version.placed for version in versions]
    known = {each.cadence for each in placed} if found.known is None else found.known
    report.add(timeline_problems(placed, found.good, known))


def _look_around(directory: Path, report: Report) -> None:
    """A misspelt file would count as absent, and absent as empty: tell of each that is not read."""
    unread = {each.name for each in _yaml_files(directory)} - set(_FILES)
    for name in sorted(unread):
        near = near_miss(Path(name).stem, [Path(each).stem for each in _FILES])
        read = f"the files here are {', '.join(_FILES)} and {parks.DIRECTORY}/"
        meant = f"did you mean {near}.yaml?" if near else read
        report.warning(Place(name, 0), "", f"is not read; {meant}")
    for path in _yaml_files(directory / parks.DIRECTORY, "**/*.y*ml"):
        if path.suffix != ".yaml" or path.parent != directory / parks.DIRECTORY:
            name = path.relative_to(directory).as_posix()
            report.warning(Place(name, 0), "", f"is not read; name it *.yaml, in {parks.DIRECTORY}/ itself")


def _yaml_files(directory: Path, pattern: str = "*.y*ml") -> list[Path]:
    """Files whose names look like YAML, but none behind a leading dot: there mounts and editors keep their own."""
    found = ((path, path.relative_to(directory).parts) for path in directory.glob(pattern))
    return sorted(path for path, parts in found if not any(part.startswith(".") for part in parts))
