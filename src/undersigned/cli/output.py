"""The only printer: results on stdout; errors, hints, notes and progress on stderr.

On a terminal it uses rich; into a file or a pipe it writes quiet plain text: no colour, no progress, no
wrapping. What came from outside is written without its control characters, which could move a
cursor or hide a line.
"""

import errno
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, NoReturn

from undersigned.cli.exit_codes import COULD_NOT, FOLDER_HINT, FULL_HINT, exit_code, hints_of
from undersigned.errors import FormatError, LetterRefused, RollRefused, UndersignedError

# --- results


def say(text: str = "") -> None:
    """Write lines of a result; they are there for a reader at once."""
    _write(sys.stdout, text)


def facts(rows: Sequence[tuple[str, str]], title: str | None = None) -> None:
    """Write names and values: a table on a terminal, `name: value` lines elsewhere."""
    if not sys.stdout.isatty():
        for name, value in rows:
            say(f"{name}: {_one_line(value)}")
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, show_header=False, box=box.SIMPLE, title_justify="left")
    table.add_column(no_wrap=True)
    # A key or a hash is of use only whole.
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name, style="bold"), Text(_clean(value)))
    _rich(table)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows: a table on a terminal, elsewhere lines whose cells are separated by tabs."""
    if not sys.stdout.isatty():
        for row in (header, *rows):
            say("\t".join(_one_line(cell) for cell in row))
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE)
    for name in header:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(_clean(cell)) for cell in row))
    _rich(shown)


def _rich(value: object) -> None:
    from rich.console import Console

    Console(markup=False, highlight=False, emoji=False).print(value)


# --- beside the results


def next_step(text: str) -> None:
    """Say on stderr what to do next."""
    _write(sys.stderr, f"next: {text}")


def note(text: str) -> None:
    """Say on stderr what somebody should know."""
    _write(sys.stderr, f"note: {text}")


def problem(sentence: str, *hints: str) -> None:
    """Write `error:` and `hint:` lines on stderr."""
    _write(sys.stderr, f"error: {_lower(_one_line(sentence))}")
    for hint in hints:
        _write(sys.stderr, f"hint: {hint}")


def report(error: UndersignedError) -> int:
    """Write an error with every part of it, and its hint; return the exit code.

    Hints of the occasion are the notes of the exception (PEP 678); they replace that of the class.
    """
    match error:
        case RollRefused(rows=rows):
            problem(
                f"{len(rows)} {'row' if len(rows) == 1 else 'rows'} of the roll cannot be taken"
            )
            for line, reason in rows:
                _write(sys.stderr, f"  line {line}: {reason}")
        case LetterRefused(problems=problems):
            problem("the letter cannot be opened as it is written")
            for sentence in problems:
                _write(sys.stderr, f"  {sentence}")
        case _:
            problem(error.detail)
    for hint in hints_of(error):
        _write(sys.stderr, f"hint: {hint}")
    return exit_code(type(error))


def report_os(error: OSError) -> int:
    """Write what the operating system refused; return the exit code."""
    reason = error.strerror or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        problem("the disk is full" + _where(error), FULL_HINT)
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        problem(f"{reason}{_where(error)}", FOLDER_HINT)
    else:
        problem(f"{reason}{_where(error)}")
    return COULD_NOT


def _where(error: OSError) -> str:
    return f": {error.filename}" if isinstance(error.filename, str) else ""


def _lower(sentence: str) -> str:
    """Begin in lower case, and end a single sentence without its full stop, as terminals have it."""
    first, _, _ = sentence.partition(" ")
    if first.rstrip(".,:;").isalpha() and not first[1:2].isupper():
        sentence = sentence[0].lower() + sentence[1:]
    return sentence.removesuffix(".") if ". " not in sentence else sentence


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done; the function that is given says how far it is."""
    if not sys.stderr.isatty():
        yield lambda _far: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(what)) as status:
        yield lambda far: status.update(Text(_clean(f"{what}: {far}")))


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how much of `total` is done; the function that is given adds to it."""
    if not sys.stderr.isatty():
        yield lambda _more: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(what, total=total)
        yield lambda more: bars.advance(bar, more)


@contextmanager
def progress_part(what: str) -> Iterator[Callable[[float], None]]:
    """Show on a terminal which part is done; the function that is given is told it, from 0 to 1."""
    done = 0.0
    with progress_bar(what, 100) as advance:

        def tell(part: float) -> None:
            nonlocal done
            if (more := int(part * 100) - int(done * 100)) > 0:
                done = part
                advance(more)

        yield tell


# --- questions


def is_interactive() -> bool:
    """Say whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, option: str, *, default: str | None = None) -> str:
    """Ask for a line; without a terminal, refuse and name the option that gives the answer.

    An empty line gives the default, if there is one, and is asked about again otherwise.
    """
    if not is_interactive():
        needs(option)
    while True:
        shown = f"{question} [{default}]: " if default is not None else f"{question}: "
        sys.stderr.write(shown)
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        if answer := line.strip():
            return answer
        if default is not None:
            return default


def choose(question: str, words: Sequence[str], option: str) -> str:
    """Ask until one of the words is the answer; the first is the default."""
    while True:
        answer = ask(f"{question} ({', '.join(words)})", option, default=words[0])
        if answer in words:
            return answer
        note("please type one of: " + ", ".join(words))


def ask_secret(question: str, option: str) -> str:
    """Ask for a line that is not shown; without a terminal, refuse and name the option instead."""
    if not is_interactive():
        needs(option)
    import getpass

    try:
        return getpass.getpass(f"{question}: ", sys.stderr)
    except EOFError:
        raise KeyboardInterrupt from None


def confirm(question: str) -> bool:
    """Ask for yes or no; an empty line is no."""
    return ask(f"{question} (yes/no)", "--yes", default="no").lower() in ("y", "yes")


def needs(option: str) -> NoReturn:
    """Refuse because something was not said and nobody can be asked. Raises FormatError."""
    error = FormatError(f"{option} is needed where nobody can be asked")
    error.add_note("undersigned COMMAND --help lists what can be said beforehand")
    raise error


# --- writing


def _write(stream: IO[str], text: str) -> None:
    stream.write(_clean(text) + "\n")
    stream.flush()


def _clean(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else _safe(sign) for sign in text)


def _safe(sign: str) -> str:
    """Tabs separate cells, and joiners are letters' own; other signs that cannot be printed go."""
    return sign if sign in "\t\u200c\u200d" else " "


def _one_line(text: str) -> str:
    return " ".join(text.split())
