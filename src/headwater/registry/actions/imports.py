"""The writers of imports: a file taken in, a file checked first, a checked file taken in later."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.words import sentences
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry import rules
from headwater.registry.actions.instruments import Put, put_instruments
from headwater.registry.facts import Place, viewer_of
from headwater.registry.formats import pidinst
from headwater.registry.formats.files import FileError, Opened, open_file
from headwater.registry.formats.rejects import Rejects
from headwater.registry.importing import CHUNK, Decided, Decider
from headwater.registry.models import ImportRun, Organisation, Source, SourceKind
from headwater.registry.queries import node_prefix, region
from headwater.registry.rules import Viewer

KIND = "imp"
IMPORT_LOCK = 7_301_883  # one file at a time, over all processes
AT_ONCE = 2000  # rows that a page checks and takes in while its reader waits
SHOWN = 20
Progress = Callable[[int], None]


def _silent(_rows: int) -> None:
    return


@dataclass(frozen=True, slots=True)
class Asked:
    """A file to take in: where it lies, what it is called, and how to read it; ``owner`` for rows that name none."""

    path: Path
    file_name: str
    file_format: str = ""
    owner: Place | None = None
    rejects: Path | None = None
    language: str = "en"
    dry_run: bool = False
    digest: str = ""


@dataclass(slots=True)
class Outcome:
    """What happened, or with a dry run would happen, to the rows of a file."""

    file_format: str
    encoding: str
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    missing: int = 0
    first_rejects: list[dict[str, Any]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        names = ("rows", "created", "updated", "unchanged", "rejected", "missing")
        return {name: getattr(self, name) for name in names}


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _chunks(opened: Opened) -> Iterator[list[Any]]:
    rows = iter(opened.rows)
    while chunk := list(itertools.islice(rows, CHUNK)):
        yield chunk


@dataclass(slots=True)
class _Writing:
    """One file under way."""

    asked: Asked
    opened: Opened
    decider: Decider
    by: Actor
    at: datetime
    outcome: Outcome
    sources: dict[bool, Source] = field(default_factory=dict)

    def source_key(self, synthetic: bool) -> str:
        return f"import-{self.asked.digest[:16]}{'-synthetic' * synthetic}"

    def source(self, synthetic: bool) -> Source:
        """The source of the file's rows, made when the first row needs it; made-up rows have one of their own."""
        if synthetic not in self.sources:
            name = self.asked.file_name
            self.sources[synthetic], _new = Source.objects.get_or_create(
                key=self.source_key(synthetic),
                defaults={
                    "kind": SourceKind.SYNTHETIC if synthetic else SourceKind.IMPORT,
                    "title_zh": f"{name}（合成记录）" if synthetic else name,
                    "title_en": f"{name} (synthetic records)" if synthetic else name,
                    "accessed": f"{self.at:%Y-%m-%d}",
                    "parameters": {"digest": self.asked.digest, "format": self.opened.file_format},
                },
            )
        return self.sources[synthetic]

    def write(self, decided: Iterable[Decided]) -> None:
        sound = [one.sound for one in decided if one.sound is not None]
        for synthetic in (False, True):
            puts = [
                Put(one.resolved, one.existing, one.technique_ids, one.public_id)
                for one in sound
                if one.synthetic == synthetic
            ]
            if puts:
                counts = put_instruments(puts, self.source(synthetic), self.decider.lookups, by=self.by, at=self.at)
                for name, count in counts.items():
                    setattr(self.outcome, name, getattr(self.outcome, name) + count)

    def reject(self, one: Decided, rejects: Rejects | None) -> None:
        self.outcome.rejected += 1
        if len(self.outcome.first_rejects) < SHOWN:
            reasons = [reason.as_json() for reason in one.decision.reasons]
            self.outcome.first_rejects.append({"line": one.row.line, "reasons": reasons})
        if rejects is not None:
            rejects.add(one.row, one.decision.codes, sentences(one.decision))

    def run(self, progress: Progress) -> None:
        rejects = None if self.asked.rejects is None else Rejects(self.asked.rejects, self.opened)
        with translation.override(self.asked.language), rejects or _Nothing():
            for chunk in _chunks(self.opened):
                decided = self.decider.decide(chunk)
                for one in decided:
                    if one.sound is None:
                        self.reject(one, rejects)
                self.write(decided)
                self.outcome.rows += len(chunk)
                progress(self.outcome.rows)
        self.outcome.missing = self.decider.missing(self.source_key(synthetic=False))
        out = self.outcome
        lost = out.rows - out.created - out.updated - out.unchanged - out.rejected
        if lost:
            raise AssertionError(f"{lost} rows of {self.asked.file_name} were neither taken nor rejected.")


class _Nothing:
    def __enter__(self) -> None:
        return

    def __exit__(self, *_what: object) -> None:
        return


def take_in(asked: Asked, viewer: Viewer, *, by: Actor, at: datetime, progress: Progress = _silent) -> Outcome:
    """Take in a file's sound rows, all in one transaction, and write the others to the rejects file.

    A dry run does all of it and then takes it back, so that it says what would happen and not what should.

    Raises
    ------
    FileError
        The file can't be read; nothing was written.
    Refused
        The viewer may import nothing, or the same instruments were written meanwhile; nothing was written.
    """
    asked = asked if asked.digest else replace(asked, digest=digest_of(asked.path))
    held = region()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
        opened = open_file(asked.path, file_format=asked.file_format, currency=held.currency if held else "")
        outcome = Outcome(opened.file_format, opened.encoding)
        decider = Decider(viewer, asked.owner, opened.file_format)
        try:
            with transaction.atomic():
                _Writing(asked, opened, decider, by, at, outcome).run(progress)
        except (IntegrityError, psycopg.IntegrityError) as error:  # COPY's errors come unwrapped
            raise Refused(Decision((Reason("import.collided"),))) from error
        transaction.set_rollback(asked.dry_run)
    return outcome


def run_command(asked: Asked, *, by: Actor, at: datetime, progress: Progress = _silent) -> Outcome:
    """Take in a file for the operator, who may all, and write down that it was."""
    viewer = Viewer(user_id=0, roles=frozenset({rules.OPERATOR}))
    asked = replace(asked, digest=digest_of(asked.path))
    with transaction.atomic():
        outcome = take_in(asked, viewer, by=by, at=at, progress=progress)
        if not asked.dry_run:
            run = ImportRun(
                public_id=new_id(KIND, node_prefix()),
                by=by.user,
                organisation_id=asked.owner.pk if asked.owner else None,
                file_name=asked.file_name[:255],
                file_digest=asked.digest,
                at=at,
            )
            _finish(run, outcome, ImportRun.State.DONE, by=by, at=at)
    return outcome


# Files that people upload -----------------------------------------------------------------------------------------
def _finish(run: ImportRun, outcome: Outcome, state: str, *, by: Actor, at: datetime) -> None:
    """Keep what happened with the run, and record it where something was written."""
    for name, count in outcome.counts().items():
        setattr(run, name, count)
    run.file_format, run.first_rejects, run.state, run.failure = outcome.file_format, outcome.first_rejects, state, None
    if state == ImportRun.State.DONE:
        run.done_at = at
        record(
            Act(
                "import.done",
                run.public_id,
                {
                    "file": [None, run.file_name],
                    "digest": [None, run.file_digest],
                    **{name: [None, count] for name, count in outcome.counts().items()},
                },
            ),
            by=by,
            at=at,
        )
    run.save()


def _fail(run: ImportRun, decision: Decision, *, at: datetime) -> None:
    run.state, run.failure, run.done_at = ImportRun.State.FAILED, decision.as_json(), at
    run.save()


def _place(organisation: Organisation | None) -> Place | None:
    if organisation is None:
        return None
    one = organisation
    return Place(one.pk, one.public_id, one.city_id, one.lat, one.lon, one.location_accuracy)


def _is_long(path: Path) -> bool:
    """Whether a file has more rows than a page waits for. Only so many are looked at."""
    return sum(1 for _row in itertools.islice(open_file(path).rows, AT_ONCE + 1)) > AT_ONCE


def upload(
    file: UploadedFile, organisation: Organisation | None, viewer: Viewer, *, by: Actor, at: datetime
) -> ImportRun:
    """Keep an uploaded file and check it: at once, or, a long one, by the background worker."""
    facts = rules.ImportFacts(int(file.size or 0), settings.UPLOAD_MAX_BYTES, organisation is not None)
    decision = rules.may_import(facts, viewer)
    if organisation is not None:
        decision += rules.may_manage(organisation.pk, viewer)
    permit(decision)
    public_id = new_id(KIND, node_prefix())
    run = ImportRun(public_id=public_id, by=by.user, organisation=organisation, file_name=str(file.name)[:255], at=at)
    run.file.save(f"{public_id}.upload", file, save=False)
    run.file_digest = digest_of(Path(run.file.path))
    try:
        is_long = _is_long(Path(run.file.path))
    except FileError as error:
        _fail(run, Decision((error.reason,)), at=at)
        return run
    if is_long:
        run.state = ImportRun.State.QUEUED
        with transaction.atomic():
            run.save()
            _queue(run)
    else:
        run.save()
        carry_out(run, viewer, take=False, by=by, at=at)
    return run


def _queue(run: ImportRun, *, take: bool = False) -> None:
    from headwater.registry.tasks import run_import  # the tasks know the actions, not the other way round

    transaction.on_commit(partial(run_import.defer, public_id=run.public_id, take=take))


def take_upload(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> ImportRun:
    """Take in a file that was checked: at once, or, a long one, by the background worker."""
    run: ImportRun | None
    with transaction.atomic():
        run = ImportRun.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
        permit(may_see_run(run, viewer))
        assert run is not None
        if run.state != ImportRun.State.CHECKED:
            raise Refused(Decision((Reason("import.already_run"),)))
        if run.rows > AT_ONCE:
            run.state = ImportRun.State.QUEUED
            run.save(update_fields=["state"])
            _queue(run, take=True)
        else:
            carry_out(run, viewer, take=True, by=by, at=at)
    return run


def may_see_run(run: ImportRun | None, viewer: Viewer) -> Decision:
    """Say whether the viewer may see a run: the uploader and the operator may; to others it is not there."""
    if run is not None and (viewer.operator or (run.by_id is not None and run.by_id == viewer.user_id)):
        return Decision()
    return Decision((Reason("import.not_found"),))


def carry_out(run: ImportRun, viewer: Viewer, *, take: bool, by: Actor, at: datetime) -> None:
    """Check a run's file, or take it in, and keep what came of it with the run."""
    path = Path(run.file.path)
    language = run.by.language if run.by else "en"
    try:
        if not path.exists() or digest_of(path) != run.file_digest:
            raise Refused(Decision((Reason("import.file_changed"),)))
        with tempfile.TemporaryDirectory() as folder, transaction.atomic():
            rejects = Path(folder) / "rejects"
            asked = Asked(
                path,
                run.file_name,
                owner=_place(run.organisation),
                rejects=rejects,
                language=language,
                dry_run=not take,
                digest=run.file_digest,
            )
            outcome = take_in(asked, viewer, by=by, at=at)
            if run.rejects:
                run.rejects.delete(save=False)
            if rejects.exists():
                ending = "json" if outcome.file_format == pidinst.NAME else "csv"
                with rejects.open("rb") as file:
                    run.rejects.save(f"{run.public_id}-rejects.{ending}", File(file), save=False)
            _finish(run, outcome, ImportRun.State.DONE if take else ImportRun.State.CHECKED, by=by, at=at)
    except FileError as error:
        _fail(run, Decision((error.reason,)), at=at)
    except Refused as error:
        _fail(run, error.decision, at=at)


def carry_out_queued(public_id: str, *, take: bool, at: datetime) -> None:
    """What the background worker does with a queued run; one that is no longer queued is left alone."""
    run = ImportRun.objects.select_related("by", "organisation").filter(public_id=public_id).first()
    if run is not None and run.state == ImportRun.State.QUEUED:
        carry_out(run, viewer_of(run.by), take=take, by=Actor(run.by, "import"), at=at)
