"""Glue: writes down what the recogniser hears of the corpus over a telephone line. Development only.

    .venv/bin/python -m scripts.hear_corpus                             all lines, into detection/corpus/heard.tsv
    .venv/bin/python -m scripts.hear_corpus --limit 500 --until 18:00   some of them
    .venv/bin/python -m scripts.hear_corpus --voice kokoro --out FILE   with other voices, for a test set

Every line is spoken, sent down a simulated line and recognised as a live call's speech is (``scripts.hearing``).
Lines that are in the file already are left out; Ctrl-C keeps what was heard. The order is that of a hash, so
that whatever has been heard by then is a fair sample. What is trained on one synthesiser is tested on another.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import datetime, timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from asr.recogniser_process import environment
from detection.corpus_files import (
    HEARD_FILE,
    Heard,
    Kind,
    heard_row,
    read_corpus,
    read_heard_rows,
    text_key,
)

OUT: Final = Path(__file__).parent.parent / "detection" / "corpus" / HEARD_FILE
VOICES: Final = ("hts", "kokoro")
TEXTS_AT_ONCE: Final = 32
"""Enough to fill the recogniser's batches with neighbours in length; 15 s of work."""
TELL_EVERY_S: Final = 60.0
"""Where there is no terminal for a bar."""

Hear = Callable[[Sequence[str]], list[Heard | None]]
_hear: Hear | None = None


def unheard(texts: Sequence[str], out: Path) -> list[str]:
    """Return those of *texts* that *out* does not hold, in the order of their hashes.

    Raises:
        CorpusInvalid: a row of *out* breaks the rules.
    """
    written = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    known = read_heard_rows(written)
    keys = {text_key(text): text for text in texts}
    return [keys[key] for key in sorted(keys) if key not in known]


def moment(written: str, now: datetime) -> datetime:
    """Return when the clock next shows *written*, ``HH:MM``.

    Raises:
        ValueError: it is no time of day.
    """
    clock = datetime.strptime(written, "%H:%M")  # noqa: DTZ007 - the day is taken from *now*
    at = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)


def batches(texts: Sequence[str], until: datetime | None) -> Iterator[list[str]]:
    """Yield *texts* in order, a batch at a time, as long as the clock is before *until*."""
    left = iter(texts)
    while batch := list(islice(left, TEXTS_AT_ONCE)):
        if until is not None and datetime.now().astimezone() >= until:
            return
        yield batch


def begin_process(voice: str) -> None:
    """Load voice and recogniser into a process of the pool; Ctrl-C is for its parent."""
    global _hear  # noqa: PLW0603 - a process of a pool has no other place to keep what it loaded
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Imported late: the parent needs neither model nor voice.
    from scripts.hearing import Hearing

    _hear = Hearing(voice).hear


def hear_batch(texts: list[str]) -> list[tuple[str, Heard | None]]:
    assert _hear is not None
    return list(zip(texts, _hear(texts), strict=True))


def hear_all(
    texts: Sequence[str],
    out: TextIO,
    *,
    voice: str,
    processes: int,
    until: datetime | None,
    advance: Callable[[int, float], None],
) -> int:
    """Write a row for each of *texts* as soon as its batch is done; return how many were lost.

    *advance* is told of texts done and the sum of their error rates.
    """
    # Before the processes begin: NumPy and OpenMP read it when they are imported.
    os.environ.update(environment())
    lost = 0
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=begin_process, initargs=(voice,)
    )
    try:
        waiting = batches(texts, until)
        # One more than there are processes, so that none waits for the next.
        running: set[Future[list[tuple[str, Heard | None]]]] = {
            pool.submit(hear_batch, batch) for batch in islice(waiting, processes + 1)
        }
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                answers = future.result()
                heard = [(text, one) for text, one in answers if one is not None]
                rows = [heard_row(text_key(text), one) + "\n" for text, one in heard]
                out.write("".join(rows))
                out.flush()
                lost += len(answers) - len(heard)
                advance(len(answers), sum(one.character_error_rate for _, one in heard))
                running |= {pool.submit(hear_batch, batch) for batch in islice(waiting, 1)}
    finally:
        pool.shutdown(cancel_futures=True)
    return lost


class _Shown:
    """A bar with the time that is left, or a line now and then where nobody sees a bar."""

    def __init__(self, total: int) -> None:
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("hear"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("mean error rate {task.fields[errors]:.3f}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("hear", total=total, errors=0.0)
        self._plain = not console.is_terminal
        self._total, self._done, self._errors = total, 0, 0.0
        self._begun = self._told = time.monotonic()

    def advance(self, count: int, errors: float) -> None:
        self._done += count
        self._errors += errors
        mean = self._errors / self._done
        self._bar.update(self._task, completed=self._done, errors=mean)
        now = time.monotonic()
        if self._plain and now - self._told >= TELL_EVERY_S:
            self._told = now
            each = (now - self._begun) / self._done
            left = timedelta(seconds=round(each * (self._total - self._done)))
            print(f"{self._done}/{self._total}, {each:.2f} s each, {left} left, mean {mean:.3f}")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        spent = time.monotonic() - self._begun
        each = spent / self._done if self._done else 0.0
        print(f"{self._done} of {self._total} heard in {spent:.0f} s, {each:.2f} s each")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--kinds", nargs="+", type=Kind, choices=list(Kind), default=list(Kind))
    parser.add_argument("--voice", choices=VOICES, default="hts")
    parser.add_argument("--out", type=Path, help=f"{OUT.name} of the corpus, for hts alone")
    parser.add_argument("--processes", type=int, default=1, help="each takes one core")
    parser.add_argument("--limit", type=int, help="at most so many lines")
    parser.add_argument("--until", help="HH:MM, begin no batch after it")
    chosen = parser.parse_args(arguments)
    if chosen.out is None and chosen.voice != "hts":
        parser.error("--out is wanted: the corpus's own file holds what one voice said")
    out = chosen.out or OUT
    now = datetime.now().astimezone()
    until = moment(chosen.until, now) if chosen.until else None
    lines = [line.text for line in read_corpus() if line.kind in chosen.kinds]
    texts = unheard(lines, out)[: chosen.limit]
    print(f"{len(lines)} lines, {len(texts)} to hear", flush=True)
    # A service manager's way to say Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with out.open("a", encoding="utf-8", newline="\n") as file, _Shown(len(texts)) as shown:
            lost = hear_all(
                texts,
                file,
                voice=chosen.voice,
                processes=chosen.processes,
                until=until,
                advance=shown.advance,
            )
    except KeyboardInterrupt:
        print("stopped; what was heard is kept")
    else:
        print(f"{lost} lost by the recogniser")


if __name__ == "__main__":
    main()
