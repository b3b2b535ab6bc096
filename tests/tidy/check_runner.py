"""tidy: the runner itself. tests/run is copied into a small tree of its own, whose tests pass, fail, skip and crash, and
is asked what `make test` must tell: the counts, the last line, the exit code, and promises that no test has kept."""
import json, pathlib, re, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
problems = []


def expect(what, holds, seen=""):
    if not holds:
        problems.append(f"runner: {what}{': ' + seen if seen else ''}")


CASE = '<testcase name="{}">{}</testcase>'


def program(path, cases, code=0, report=True):
    """A stand-in for a Catch2 program: writes a junit report where -o says, and ends with the code."""
    xml = f'<testsuites><testsuite name="t">{"".join(cases)}</testsuite></testsuites>'
    write = f"cat >\"$4\" <<'XML'\n{xml}\nXML\n" if report else ""
    path.write_text(f'#!/bin/sh\nset -e\n[ "$1 $2 $3" = "-r junit -o" ]\n{write}echo "{path.name} says why"\nexit {code}\n')
    path.chmod(0o755)


JOURNEYS = """console.log('{"name":"some/a page opens","state":"passed","ms":5}');"""


class Tree:
    """unit and e2e replace what is there by default: a tree whose tests all pass."""
    def __init__(self, folder, unit=None, e2e=None, tidy="", acceptance=None, ui=JOURNEYS):
        self.root = pathlib.Path(folder)
        for name in ["tests/tidy", "tests/e2e", "tests/ui", "tests/acceptance", "tests/fuzz", "scripts", "cmake", "pkg/m"]:
            (self.root / name).mkdir(parents=True)
        for name in ["tests/run", "tests/tidy/acceptance.py", "tests/tidy/test_names.py", "tests/tidy/check_acceptance.py", "tests/e2e/harness.py"]:
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "tests/e2e/__init__.py").touch()
        (self.root / "tests/tidy/__init__.py").touch()
        for name in ["scripts/build", "scripts/build-fuzz"]:
            (self.root / name).write_text('#!/bin/sh\necho "$@" >>"$(dirname "$0")/built"\n')
            (self.root / name).chmod(0o755)
        (self.root / "tests/tidy/check_own.py").write_text(tidy)
        (self.root / "tests/e2e/some_e2e.py").write_text(e2e or "def test_one():\n    pass\n")
        (self.root / "tests/ui/install").write_text("#!/bin/sh\n")
        (self.root / "tests/ui/install").chmod(0o755)
        (self.root / "tests/ui/run.mjs").write_text(ui)
        (self.root / "tests/ui/some_ui.mjs").write_text('test("a page opens", async () => {});\n')
        (self.root / "cmake/modules.cmake").write_text("module(m m)\nmodule(n n)\n")
        (self.root / "tests/acceptance/x.txt").write_text(acceptance or "a | first | done | unit/m/works; e2e/some/one\nb | second | not-yet: no time | -\n")
        (self.root / "pkg/m/m_test.cc").write_text('TEST_CASE("works") { CHECK(true); }\nTEST_CASE("parted") { SECTION("left") { CHECK(true); } }\n')
        for preset, listing in [("asan", "unit_tests.txt"), ("tsan", "thread_tests.txt"), ("release", "unit_tests.txt")]:
            folder = self.root / "build" / preset
            folder.mkdir(parents=True)
            programs = unit or {"m_test": dict(cases=[CASE.format("works", ""), CASE.format("parted/left", "")])}
            for name, what in programs.items():
                program(folder / name, **what)
            (folder / listing).write_text("\n".join(programs) + "\n")

    def run(self, *words):
        done = subprocess.run([sys.executable, self.root / "tests/run", *words], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stdout.splitlines()[-1] if done.stdout else done.stderr


def judge(what, code, last, contains=(), words=(), **tree):
    with tempfile.TemporaryDirectory(prefix="appliance-runner-") as folder:
        t = Tree(folder, **tree)
        got, out, line = t.run(*words)
        expect(f"{what}: exit code {got}, not {code}", got == code, out)
        expect(f"{what}: last line is `{line}`, not `{last}`", line == last, out)
        for text in contains:
            expect(f"{what}: does not say `{text}`", text in out, out)
        return t


PASSES = dict(cases=[CASE.format("works", "")])
# tidy 2, asan 2, tsan 2, release 2, e2e 1, ui 1
built = "== asan\n  built asan unit_tests in 0 s\n== tsan\n  built tsan thread_tests in 0 s\n== fuzz\n  built fuzz in 0 s\n== release\n  built release unit_tests in 0 s\n== e2e\n"
judge("all pass", 0, "10 passed, 0 failed, 0 skipped", ["== tidy\n" + built, "acceptance: 1 done, 1 not yet\n10 passed, 0 failed, 0 skipped\n"])
judge("a unit test fails", 1, "4 passed, 3 failed, 0 skipped", ["FAILED unit/m/works: expected 2", "FAILED asan/m/works", "FAILED tsan/m/works"],
      unit={"m_test": dict(cases=[CASE.format("works", '<failure message="expected 2"/>')], code=1)}, acceptance="a | first | not-yet: it fails | -\n")
judge("a program that ends badly after its tests passed", 1, "7 passed, 3 failed, 0 skipped", ["FAILED asan/m: exit code 99\nm_test says why"],
      unit={"m_test": dict(code=99, **PASSES)})
judge("a program that dies before its report", 1, "7 passed, 3 failed, 0 skipped", ["FAILED unit/n: exit code 139"],
      unit={"n_test": dict(cases=[], code=139, report=False), "m_test": PASSES})
judge("a program without a test", 1, "7 passed, 3 failed, 0 skipped", ["FAILED unit/n: exit code 0"],
      unit={"n_test": dict(cases=[]), "m_test": PASSES})
judge("an end-to-end test fails", 1, "10 passed, 1 failed, 0 skipped", ["FAILED e2e/some/two", "AssertionError: never"],
      e2e="def test_one():\n    pass\n\ndef test_two():\n    assert False, 'never'\n")
judge("a setup fails", 1, "8 passed, 1 failed, 0 skipped", ["FAILED e2e/some", "no machine"], words=["tidy", "asan", "tsan", "release", "e2e"],
      e2e="def setup():\n    raise OSError('no machine')\n\ndef test_one(c):\n    pass\n")
judge("a teardown fails", 1, "10 passed, 1 failed, 0 skipped", ["FAILED e2e/some/teardown"],
      e2e="def setup():\n    return 1\n\ndef teardown(c):\n    raise OSError('left')\n\ndef test_one(c):\n    assert c == 1\n")
judge("a tidy check fails", 1, "9 passed, 1 failed, 0 skipped", ["crooked", "FAILED tidy/own"], tidy="import sys\nprint('crooked')\nsys.exit(1)\n")
judge("a journey fails", 1, "9 passed, 1 failed, 0 skipped", ["FAILED ui/some/a page opens: no heading"],
      ui="""console.log('{"name":"some/a page opens","state":"failed","ms":5,"why":"no heading"}'); process.exit(1);""")
judge("the journeys' runner dies", 1, "10 passed, 1 failed, 0 skipped", ["FAILED ui/run: exit code 3\nno browser"], ui=JOURNEYS + "console.error('no browser'); process.exit(3);")
judge("no journey ran", 1, "9 passed, 1 failed, 0 skipped", ["FAILED ui/run"], ui="")
judge("a journey that is promised", 0, "10 passed, 0 failed, 0 skipped", acceptance="a | first | done | ui/some/a page opens\n")
SKIPS = "from e2e.harness import Skip\n\ndef test_one():\n    raise Skip('no kernel for it')\n\ndef test_two():\n    pass\n"
judge("a skipped test that no promise needs", 0, "10 passed, 0 failed, 1 skipped", ["SKIPPED e2e/some/one: no kernel for it"], e2e=SKIPS,
      acceptance="a | first | done | unit/m/works; e2e/some/two\n")
judge("a file whose setup cannot be on this machine", 1, "9 passed, 1 failed, 1 skipped", ["SKIPPED e2e/some: no kernel for it", "a: `e2e/some/one` did not run or did not pass"],
      e2e="from e2e.harness import Skip\n\ndef setup():\n    raise Skip('no kernel for it')\n\ndef test_one(c):\n    pass\n", acceptance="a | first | done | e2e/some/one\n")
judge("a promise whose test was skipped", 1, "10 passed, 1 failed, 1 skipped", ["a: `e2e/some/one` did not run or did not pass", "acceptance: 1 done, 0 not yet"], e2e=SKIPS,
      acceptance="a | first | done | e2e/some/one\n")
judge("a promise whose test failed", 1, "9 passed, 2 failed, 0 skipped", ["a: `e2e/some/one` did not run or did not pass"], e2e="def test_one():\n    assert False\n",
      acceptance="a | first | done | e2e/some/one\n")
# Names that are nowhere are seen by tidy already, and by a run of tidy alone.
for what, name, why in [("a test that is nowhere", "unit/m/walks", "no such TEST_CASE in module m"), ("a module that is nowhere", "unit/k/works", "no module k"),
                        ("a case that Catch2 reports by its sections", "unit/m/parted", "assertions in its sections alone: name them as CASE/SECTION"), ("a section that is nowhere", "unit/m/parted/right", "no SECTION"),
                        ("an end-to-end test that is nowhere", "e2e/some/three", "no test_three"), ("a file that is nowhere", "e2e/other/one", "no tests/e2e/other_e2e.py"),
                        ("a journey that is nowhere", "ui/some/a page closes", "no test of this name"), ("a file of journeys that is nowhere", "ui/other/x", "no tests/ui/other_ui.mjs")]:
    judge(what, 1, "1 passed, 1 failed, 0 skipped", [f"a: `{name}`: ", why, "FAILED tidy/acceptance"], words=["tidy"], acceptance=f"a | first | done | {name}\n")
judge("a section by its name", 0, "2 passed, 0 failed, 0 skipped", words=["tidy"], acceptance="a | first | done | unit/m/parted/left\n")
judge("a promise without a test", 1, "1 passed, 1 failed, 0 skipped", ["a is done without a test"], words=["tidy"], acceptance="a | first | done | -\n")
judge("an id that stands twice", 1, "1 passed, 1 failed, 0 skipped", ["id a stands twice"], words=["tidy"], acceptance="a | x | not-yet: y | -\na | x | not-yet: y | -\n")
judge("not yet without a reason", 1, "1 passed, 1 failed, 0 skipped", ["state must be"], words=["tidy"], acceptance="a | x | not-yet: | -\n")

# `make test` and CI are this runner with all its stages (2.3).
make = (ROOT / "Makefile").read_text()
expect("Makefile: `test` must install what the tests need and call tests/run with all stages",
       re.search(r"^test:\n\t@scripts/install-deps test\n\t@tests/run\n", make, re.M) is not None)
expect(".ci/run must end in `exec make test`", (ROOT / ".ci/run").read_text().rstrip().endswith("\nexec make test"))
stages = re.search(r"^STAGES = (\[.*\])", (ROOT / "tests/run").read_text(), re.M).group(1)
expect(f"stages are {stages}", json.loads(stages) == ["tidy", "asan", "tsan", "fuzz", "release", "e2e", "ui", "acceptance"])
print("\n".join(problems))
sys.exit(1 if problems else 0)
