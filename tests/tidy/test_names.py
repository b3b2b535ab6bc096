"""Which tests the sources hold, by the names that tests/run gives them, without building anything: so that a promise that names a
test which is nowhere is seen in seconds.

    unit/MODULE/CASE, unit/MODULE/CASE/SECTION    TEST_CASE("CASE") in a *_test.cc of the module; Catch2 reports sections as own tests,
                                                  and the case by its bare name only when it asserts outside of them
    e2e/FILE/NAME, tidy/NAME, fuzz/NAME           def test_NAME in tests/e2e/FILE_e2e.py; check_NAME.py; NAME_fuzz.cc
    ui/FILE/NAME, ui/vitest/NAME                  test("NAME", …) in tests/ui/FILE_ui.mjs; test or it("NAME", …) in a *.test.ts of web-ui/src,
                                                  behind the names of the describes around it
"""
import functools, pathlib, re

LITERAL = re.compile(r'R"([^()\\ ]{0,16})\((.*?)\)\1"|"((?:[^"\\\n]|\\.)*)"|//[^\n]*|/\*.*?\*/|\'(?:[^\'\\\n]|\\.)+\'', re.S)
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
ASSERTION = re.compile(r"\b(REQUIRE|CHECK|FAIL|SUCCEED)\w*\s*\(")


class Source:
    """A file's code with each literal and comment blanked out, so that brackets can be counted, and its strings by place."""
    def __init__(self, path):
        text = path.read_text(errors="replace")
        self.strings = {}
        def blank(match):
            whole = match.group(0)
            if match.group(2) is not None:
                self.strings[match.start()] = (match.end(), match.group(2))
            elif match.group(3) is not None:
                self.strings[match.start()] = (match.end(), re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(1)), match.group(3)))
            return re.sub(r"[^\n]", " ", whole)
        self.code = LITERAL.sub(blank, text)

    def string_at(self, place):
        """Neighbouring literals from this place on are one."""
        out = ""
        while True:
            while place < len(self.code) and self.code[place].isspace() and place not in self.strings:
                place += 1
            if place not in self.strings:
                return out, place
            place, part = self.strings[place]
            out += part

    def block(self, place):
        """Start and end of the next {...} at or after the place."""
        start = self.code.find("{", place)
        depth, at = 0, start
        while at < len(self.code):
            depth += {"{": 1, "}": -1}.get(self.code[at], 0)
            at += 1
            if depth == 0:
                break
        return start, at

    def cases(self):
        for match in re.finditer(r"\b(?:TEST_CASE|SCENARIO)\s*\(", self.code):
            name, after = self.string_at(match.end())
            yield name, *self.block(after)

    def functions(self):
        for match in re.finditer(r"\b(\w+)\s*\([^;{}()]*(?:\([^;{}()]*\)[^;{}()]*)*\)\s*(?:const\s*)?(?:->\s*[\w:<>]+\s*)?\{", self.code):
            if match.group(1) not in ("for", "if", "while", "switch", "SECTION"):
                yield match.group(1), self.code[slice(*self.block(match.end() - 1))]

    def asserting(self):
        return {name for name, body in self.functions() if ASSERTION.search(body)}

    def outside_sections(self, start, end):
        body = self.code[start:end]
        for match in list(re.finditer(r"\bSECTION\s*\(", body)):
            s, e = self.block(start + match.end())
            body = body[:s - start] + " " * (e - s) + body[e - start:]
        return body


def calls(code, names):
    return any(re.search(rf"\b{name}\s*\(", code) for name in names)


@functools.lru_cache
def test_headers(root):
    """Of headers that tests share: functions that assert, and functions that make SECTIONs for whoever calls them with the strings
    that these may be called by."""
    asserting, sections = set(), {}
    for path in (root / "pkg").rglob("*.h"):
        text = path.read_text(errors="replace")
        if not ASSERTION.search(text) and "SECTION(" not in text:
            continue
        source = Source(path)
        asserting |= source.asserting()
        strings = {s for _, s in source.strings.values()}
        sections.update({name: strings for name, body in source.functions() if re.search(r"\bSECTION\s*\(", body)})
    return asserting, sections


@functools.lru_cache
def modules(root):
    """Module -> test files."""
    out = {}
    for name, folder, rest in re.findall(r"^module\((\w+) ([^\s)]+)([^)]*)\)", (root / "cmake/modules.cmake").read_text(), re.M):
        base = root / "pkg" / folder
        out[name] = sorted(base.rglob("*_test.cc") if "RECURSE" in rest.split() else base.glob("*_test.cc"))
    return out


@functools.lru_cache
def unit_cases(root, module):
    """Case -> (whether its bare name is reported, names of its sections)."""
    out, (shared, makers) = {}, test_headers(root)
    for path in modules(root).get(module, []):
        source = Source(path)
        asserting = shared | source.asserting()
        for name, start, end in source.cases():
            whole, rest = source.code[start:end], source.outside_sections(start, end)
            sections = {source.string_at(start + m.end())[0] for m in re.finditer(r"\bSECTION\s*\(", whole)}
            sections |= {s for maker, strings in makers.items() if calls(whole, [maker]) for s in strings}
            out[name] = (not sections or bool(ASSERTION.search(rest)) or calls(rest, asserting - set(makers)), sections)
    return out


JS_TEST = re.compile(r"""\b(?:test|it)(?:\.each\([^\n]*?\))?\(\s*(["'`])((?:\\.|(?!\1).)*)\1""")
JS_DESCRIBE = re.compile(r"""\bdescribe\(\s*(["'`])((?:\\.|(?!\1).)*)\1""")


def ui_names(root, file):
    """Of a file of journeys, or of all vitest files: there each name also behind each describe of its file."""
    if file != "vitest":
        path = root / "tests/ui" / f"{file}_ui.mjs"
        return {name for _, name in JS_TEST.findall(path.read_text())} if path.exists() else None
    found = set()
    for path in (root / "web-ui/src").rglob("*.test.ts*"):
        text = path.read_text()
        names = {name for _, name in JS_TEST.findall(text)}
        found |= names | {f"{outer} {name}" for _, outer in JS_DESCRIBE.findall(text) for name in names}
    return found


def ui_problem(root, file, test):
    names = ui_names(root, file)
    if names is None:
        return f"no tests/ui/{file}_ui.mjs"
    found = any(n.startswith(test[:-1]) for n in names) if test.endswith("*") else test in names
    return None if found else f"no test of this name in {'web-ui/src' if file == 'vitest' else f'tests/ui/{file}_ui.mjs'}"


def problem(root, name):
    """Why this name cannot be that of a test, or None."""
    kind, _, rest = name.partition("/")
    if kind in ("unit", "asan", "tsan"):
        module, _, case = rest.partition("/")
        if module not in modules(root):
            return f"no module {module} in cmake/modules.cmake"
        cases = unit_cases(root, module)
        if case.endswith("*"):
            return None if any(c.startswith(case[:-1]) for c in cases) else "no such test case"
        if case in cases:
            return None if cases[case][0] else "the case has assertions in its sections alone: name them as CASE/SECTION"
        for known, (_, sections) in cases.items():
            if case.startswith(known + "/"):
                return None if case[len(known) + 1:].split("/")[0] in sections else f"no SECTION \"{case[len(known) + 1:]}\" in it"
        return f"no such TEST_CASE in module {module}"
    if kind == "e2e":
        file, _, test = rest.partition("/")
        path = root / "tests/e2e" / f"{file}_e2e.py"
        if not path.exists():
            return f"no {path.relative_to(root)}"
        names = re.findall(r"^def test_(\w+)\(", path.read_text(), re.M)
        found = any(n.startswith(test[:-1]) for n in names) if test.endswith("*") else test in names
        return None if found else f"no test_{test} in {path.relative_to(root)}"
    if kind == "ui":
        return ui_problem(root, *rest.partition("/")[::2])
    if kind in ("tidy", "fuzz"):
        path = root / (f"tests/tidy/check_{rest}.py" if kind == "tidy" else f"tests/fuzz/{rest}_fuzz.cc")
        return None if path.exists() else f"no {path.relative_to(root)}"
    if kind == "bench":
        return None if (root / "tests/bench" / f"{rest}.py").exists() else f"no tests/bench/{rest}.py"
    return "names begin with unit, asan, tsan, e2e, ui, tidy, fuzz or bench"
