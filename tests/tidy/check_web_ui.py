"""tidy: what the dashboard is built with: few packages, all of which run on Debian 12's nodejs 18; `npm ci` from the lockfile; and
web-ui/pack.mjs keeps its budgets and gives the same bytes for the same pages, whatever the folder."""
import hashlib, json, pathlib, random, re, subprocess, sys, tempfile

NODE = (18, 20, 4)  # Debian 12's
RUNTIME_PACKAGES_MAX = 14
root = pathlib.Path.cwd()
problems = []


def numbers(text):
    parts = [int(n) if n.isdigit() else 0 for n in text.strip("v=").split("-")[0].split(".")]
    return tuple((parts + [0, 0, 0])[:3])


def one_holds(word):
    """One comparator of npm's ranges: 18, 18.x, ^18.0.0, ~18.1, >=14, <21, *."""
    match = re.fullmatch(r"(\^|~|>=|<=|>|<|=)?v?([\dx*.]+)(-\S*)?", word)
    if not match:
        return False
    sign, text = match.group(1) or "", match.group(2)
    bound = numbers(text.replace("x", "0").replace("*", "0"))
    if text in ("*", "x"):
        return True
    if sign in (">=", ">", "<", "<="):
        return {">=": NODE >= bound, ">": NODE > bound, "<": NODE < bound, "<=": NODE <= bound}[sign]
    given = [p for p in text.split(".") if p.isdigit()]
    if sign == "^":
        return NODE[0] == bound[0] and NODE >= bound
    if sign == "~":
        return NODE[:min(2, len(given))] == bound[:min(2, len(given))] and NODE >= bound
    return NODE[:len(given)] == bound[:len(given)]


def accepts(wanted):
    return any(all(one_holds(word) for word in re.sub(r"(\^|~|[<>]=?|=)\s+", r"\1", side).split()) for side in wanted.split("||"))


package = json.loads((root / "web-ui/package.json").read_text())
if len(package["dependencies"]) > RUNTIME_PACKAGES_MAX:
    problems.append(f"web-ui/package.json: {len(package['dependencies'])} packages at run time; {RUNTIME_PACKAGES_MAX} are the most")
for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        problems.append(f"web-ui/package.json: {name}: {version}: pin it")
for path, entry in json.loads((root / "web-ui/package-lock.json").read_text())["packages"].items():
    engines = entry.get("engines", {})
    wanted = engines.get("node") if isinstance(engines, dict) else None
    if wanted and not accepts(wanted):
        problems.append(f"web-ui/package-lock.json: {path} {entry.get('version')}: needs node {wanted}, Debian 12 has {'.'.join(map(str, NODE))}")
if not re.search(r"\bnpm ci\b", (root / "scripts/build-web-ui").read_text()):
    problems.append("scripts/build-web-ui: packages come from the lockfile, by `npm ci`")


def noise(size, seed):
    """Bytes that no compressor makes smaller, as text."""
    return random.Random(seed).randbytes(size).decode("latin-1")


def pack(folder, files):
    """pack.mjs over these files: what it said, and the bytes that it made."""
    for path, text in files.items():
        file = pathlib.Path(folder, "dist", path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="latin-1")
    done = subprocess.run(["node", str(root / "web-ui/pack.mjs"), f"{folder}/dist", f"{folder}/out"], capture_output=True, text=True)
    out = {name: pathlib.Path(folder, "out", name) for name in ("index.txt", "blob.bin")}
    return done, {name: path.read_bytes() for name, path in out.items() if path.exists()}


def page(*scripts):
    return '<meta name="build" content="__APPLIANCE_BUILD__">' + "".join(f'<script type="module" crossorigin src="/ui/{s}"></script>' for s in scripts)


SMALL = {"index.html": page("assets/index-AAAAAAAA.js"), "assets/index-AAAAAAAA.js": 'import"./part-BBBBBBBB.js";console.log(1)',
         "assets/part-BBBBBBBB.js": "console.log(2)", "assets/late-CCCCCCCC.js": "console.log(3)", "assets/index-DDDDDDDD.css": "a{}"}
many = [f"assets/s{n}-AAAAAAAA.js" for n in range(6)]
OVER = {
    "firstScreenBytes": {**SMALL, "assets/part-BBBBBBBB.js": noise(66_000, 1)},  # which only a script names
    "firstScreenRequests": {"index.html": page(*many), **{name: "1" for name in many}},
    "scriptBytes": {**SMALL, "assets/late-CCCCCCCC.js": noise(320_000, 2)},
    "assetBytes": {**SMALL, "assets/picture-EEEEEEEE.svg": noise(370_000, 3)},
}
with tempfile.TemporaryDirectory() as top:
    done, made = pack(f"{top}/one", SMALL)
    _, again = pack(f"{top}/elsewhere/two", SMALL)
    if done.returncode != 0 or not made or made != again:
        problems.append(f"web-ui/pack.mjs: two folders with the same pages do not give the same bytes: {done.stderr}")
    else:
        lines = [line.split("\t") for line in made["index.txt"].decode().splitlines()]
        build = lines[0][1]
        files = {line[1]: line for line in lines[1:]}
        index = SMALL["index.html"].replace("__APPLIANCE_BUILD__", build)
        if files["index.html"][3] != f'"{hashlib.sha256(index.encode()).hexdigest()[:16]}"':
            problems.append("web-ui/pack.mjs: index.html does not carry the build's name, or its ETag is not of its bytes")
        if [f for f, line in files.items() if (line[4] == "immutable") != f.startswith("assets/")]:
            problems.append(f"web-ui/pack.mjs: files with a hash in their names, and only those, are immutable: {lines}")
        _, other = pack(f"{top}/three", {**SMALL, "assets/late-CCCCCCCC.js": "console.log(4)"})
        if other["index.txt"].splitlines()[0] == made["index.txt"].splitlines()[0]:
            problems.append("web-ui/pack.mjs: other pages have the same build")
    for budget, files in OVER.items():
        done, made = pack(f"{top}/{budget}", files)
        if done.returncode == 0 or f"over budget: {budget} " not in done.stderr or made:
            problems.append(f"web-ui/pack.mjs: what is over {budget} must end the build: {done.returncode} {done.stderr}")
print("\n".join(problems))
sys.exit(1 if problems else 0)
