"""tidy: clang-format has nothing to change."""
import pathlib, subprocess, sys

files = subprocess.run(["git", "ls-files", "pkg", "cmd", "tests"], capture_output=True, text=True, check=True).stdout.split()
files = [f for f in files if f.endswith((".cc", ".h")) and pathlib.Path(f).exists()]
done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *files], capture_output=True, text=True)
bad = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})
for file in bad:
    print(f"{file}: clang-format-19 -i {file}")
sys.exit(1 if bad else 0)
