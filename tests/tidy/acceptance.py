"""Acceptance files: `id | promise | state | test`, one line per promise of an issue.

state: `done`, or `not-yet: reason`. test: names as tests/run prints them, several joined by `; `, a trailing * matches any
rest; a measure names `bench/NAME`, whose result must stand in tests/bench/results. `-` only while not-yet.
"""
import pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from test_names import problem as name_problem


def read(root):
    lines = []
    for path in sorted((root / "tests/acceptance").glob("*.txt")):
        for number, text in enumerate(path.read_text().splitlines(), 1):
            if not text.strip() or text.startswith("#"):
                continue
            fields = [f.strip() for f in text.split(" | ")]
            lines.append((f"{path.name}:{number}", fields))
    return lines


def ran(name, passed, root):
    if name.startswith("bench/"):
        return (root / "tests/bench" / (name.removeprefix("bench/") + ".py")).exists() and (root / "tests/bench/results" / (name.removeprefix("bench/") + ".txt")).exists()
    if name.endswith("*"):
        return any(p.startswith(name[:-1]) for p in passed)
    return name in passed


def judge(root, passed=None):
    """Problems, and the counts of done and open promises. passed=None: only form and names are judged: whether such a test exists."""
    problems, done, still_open, seen = [], 0, 0, set()
    for where, fields in read(root):
        if len(fields) != 4:
            problems.append(f"{where}: needs `id | promise | state | test`")
            continue
        ident, promise, state, tests = fields
        if ident in seen:
            problems.append(f"{where}: id {ident} stands twice")
        seen.add(ident)
        if state == "done":
            done += 1
            names = [t for t in tests.split("; ") if t]
            if tests == "-" or not names:
                problems.append(f"{where}: {ident} is done without a test")
            elif passed is None:
                problems += [f"{where}: {ident}: `{n}`: {why}" for n in names if (why := name_problem(root, n))]
            else:
                problems += [f"{where}: {ident}: `{n}` did not run or did not pass" for n in names if not ran(n, passed, root)]
        elif state.startswith("not-yet: ") and len(state) > len("not-yet: "):
            still_open += 1
        else:
            problems.append(f"{where}: {ident}: state must be `done` or `not-yet: reason`")
    return problems, done, still_open


if __name__ == "__main__":
    found, *_ = judge(pathlib.Path(__file__).resolve().parents[2])
    print("\n".join(found))
    sys.exit(1 if found else 0)
