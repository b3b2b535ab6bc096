"""tidy: scripts/install-deps asks dpkg first, installs by apt alone, and through sudo when it is not root."""
import os, pathlib, re, subprocess, sys, tempfile

root = pathlib.Path.cwd()
problems = []


def run(user, installed, group=(), node=True):
    """The script with programs of ours in the place of dpkg-query, apt-get, sudo and node: its output, and what was called."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        for name, body in {"dpkg-query": f"echo -n '{'install ok installed' if installed else 'unknown ok not-installed'}'", "apt-get": f'echo "apt-get $*" >>{folder}/called',
                           "sudo": f'echo sudo >>{folder}/called; "$@"', **({"node": "", "npm": ""} if node else {})}.items():
            path = pathlib.Path(folder, name)
            path.write_text(f"#!/bin/bash\n{body}\n")
            path.chmod(0o755)
        identity = {} if user == 0 or os.geteuid() != 0 else {"user": user, "group": user, "extra_groups": []}
        script = pathlib.Path(folder, "script")  # a copy: the tree may be closed to other users
        script.write_text((root / "scripts/install-deps").read_text())
        done = subprocess.run(["/bin/bash", str(script), *group], env={"PATH": folder, "HOME": folder}, capture_output=True, text=True, cwd="/", **identity)
        called = pathlib.Path(folder, "called")
        return done, called.read_text().splitlines() if called.exists() else []


for group in ((), ("test",)):
    done, called = run(0, True, group)
    if done.returncode != 0 or called or "nothing to do" not in done.stdout:
        problems.append(f"scripts/install-deps {group}: with all packages there it must do nothing: {done} {called}")
    done, called = run(0, False, group)
    if os.geteuid() == 0 and ("sudo" in called or not any(re.match(r"apt-get install -y .*clang-19", c) for c in called)):
        problems.append(f"scripts/install-deps {group}: as root it must install by apt-get itself: {called}")
    done, called = run(65534, False, group)
    if called[:1] != ["sudo"] or not any(c.startswith("apt-get install -y") for c in called):
        problems.append(f"scripts/install-deps {group}: as another user it must ask sudo: {called} {done.stderr}")
for node in (True, False):
    _, called = run(65534, False, node=node)
    if any(re.search(r"\bnodejs npm\b", c) for c in called) == node:
        problems.append(f"scripts/install-deps: nodejs and npm must be installed where they are missing, and only there: {called}")
text = (root / "scripts/install-deps").read_text()
for other in ("curl", "wget", "pip", "git clone"):
    if re.search(rf"^\s*{other}\s", text, re.M):
        problems.append(f"scripts/install-deps: {other}: Debian's packages alone")
print("\n".join(problems))
sys.exit(1 if problems else 0)
