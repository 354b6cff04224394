"""The process that `typesetting` starts: an order as JSON comes in, a PDF or a PNG goes out.

It is run as a file, on its own, and imports typst and the standard library only.
"""

import contextlib
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

MOST_MEMORY: Final = 4 * 1024 * 1024 * 1024
"""Bytes of address space; threads and fonts take one of them before anything is set."""
LONGEST_CPU_S: Final = 240
MOST_ROUNDS: Final = 8
"""A round sees every character that is missing, unless a substitute changes what a font is asked for."""
_MISSING: Final = re.compile(
    r'the text (?:`"(?P<shown>(?:[^"\\]|\\.)+)"` could not be displayed'
    r'|contains the disallowed codepoint `"(?P<said>(?:[^"\\]|\\.)+)"`)'
)
"""What no font has; and what an accessible PDF must not hold, such as U+FEFF, which is nothing to be read."""
_ESCAPE: Final = re.compile(r"\\u\{([0-9a-f]{1,6})\}|\\(.)")


def run(asked: bytes) -> bytes:
    """Return the PDF or PNG of an order. Raises typst.TypstError."""
    import typst

    order = json.loads(asked)
    root, data = Path(order["root"]), order["data"]
    compiler = typst.Compiler(
        root / order["template"],
        root=root,
        font_paths=order["fonts"],
        ignore_system_fonts=True,
        # no packages: nothing is fetched
        package_path=root,
        package_cache_path=root,
    )
    substituted: set[str] = set()
    for _ in range(MOST_ROUNDS):
        shown = _substitute(data, substituted, order["substitute"])
        shown["substituted"] = len(substituted)
        inputs = {"data": json.dumps(shown)}
        try:
            pdf = compiler.compile(
                format="pdf",
                sys_inputs=inputs,
                timestamp=order["timestamp"],
                pdf_standards="ua-1",
            )
        except typst.TypstError as error:
            missing = find_missing(error.diagnostic) - substituted
            if not missing:
                raise
            substituted |= missing
            continue
        if order["form"] == "png":
            # Only a PDF that has to be accessible tells which characters no font has.
            picture = compiler.compile(format="png", ppi=order["ppi"], sys_inputs=inputs)
            return _only_page(picture)
        return _only_page(pdf)
    raise ValueError("too many characters are missing")


def _only_page(made: Any) -> bytes:
    """Return what was made, which is one file."""
    if isinstance(made, bytes):
        return made
    raise ValueError("more than one page came of it")


def find_missing(diagnostic: str) -> set[str]:
    """Return the characters that a diagnostic of typst says no font has, or no PDF of ours may hold."""
    missing: set[str] = set()
    for match in _MISSING.finditer(diagnostic):
        said = match["shown"] or match["said"]
        text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], said)
        missing.update(text)
    return missing


def _substitute(value: Any, characters: set[str], substitute: str) -> Any:
    """Return data whose strings have a substitute for each of some characters."""
    table = str.maketrans(dict.fromkeys(characters, substitute))

    def change(part: Any) -> Any:
        if isinstance(part, str):
            return part.translate(table)
        if isinstance(part, list):
            return [change(item) for item in part]
        if isinstance(part, dict):
            return {name: change(item) for name, item in part.items()}
        return part

    return change(value)


def _limit() -> None:
    """Take no more memory and time than a document needs; also when nobody waits any longer."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_CPU_S, LONGEST_CPU_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit()
    sys.stdout.buffer.write(run(sys.stdin.buffer.read()))
