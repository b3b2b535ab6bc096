"""tidy: READMEs of folders, sizes of files, what documents must be there."""
import pathlib, re, subprocess, sys

README_LINES_MAX = 60
FILE_LINES_MAX = 600
root = pathlib.Path.cwd()
problems = []
for folder in sorted(p for p in root.glob("pkg/*/*") if p.is_dir() and any(p.glob("*.cc"))):
    # A folder at depth two has its own README, or a section in its module's.
    name = folder.relative_to(root)
    own, module = folder / "README.md", folder.parent / "README.md"
    if own.exists():
        if len(own.read_text().splitlines()) > README_LINES_MAX:
            problems.append(f"{name}/README.md: more than {README_LINES_MAX} lines")
    elif not (module.exists() and folder.name in module.read_text()):
        problems.append(f"{name}: no README.md, and {folder.parent.name}/README.md does not mention it")
tracked = subprocess.run(["git", "ls-files", "pkg", "cmd"], capture_output=True, text=True, check=True).stdout.split()
for file in tracked:
    if file.endswith((".cc", ".h")) and (root / file).exists():
        lines = len((root / file).read_text().splitlines())
        if lines > FILE_LINES_MAX:
            problems.append(f"{file}: {lines} lines; over {FILE_LINES_MAX} wants a split")
        if file.endswith(".h") and "#pragma once" not in (root / file).read_text():
            problems.append(f"{file}: no #pragma once")
for document in ["README.md", "CHANGELOG.md", "docs/architecture.md", "docs/develop.md", "docs/operate.md"]:
    if not (root / document).exists():
        problems.append(f"{document}: missing")
if (root / "README.md").exists() and len((root / "README.md").read_text().splitlines()) > 150:
    problems.append("README.md: more than 150 lines")
# What the README and the pages of docs/ lead to and show is there.
for page in [root / "README.md", *(root / "docs").rglob("*.md")]:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
            problems.append(f"{page.relative_to(root)}: leads to {target}, which is not there")
print("\n".join(problems))
sys.exit(1 if problems else 0)
