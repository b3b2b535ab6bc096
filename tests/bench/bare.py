"""A bare Debian 12, from `git clone` to the cluster and through all tests: scripts/prove-bare-machine, with its times."""
import os, re, subprocess
from e2e.harness import ROOT
from bench._common import *

GOAL_MINUTES = {"test": "40"}  # of CI, from nothing on 2 cores
HOW = "with a compiler cache" if os.environ.get("APP_CCACHE_DIR") else "from nothing"
LABEL = {"up": f"make up on a bare machine {HOW}, minutes", "up-again": "second make up, minutes", "test": f"make test after it {HOW}, minutes"}

done = subprocess.Popen([str(ROOT / "scripts/prove-bare-machine")], stdout=subprocess.PIPE, text=True)
for text in done.stdout:
    step = re.match(r"(\S+) (\d+) s$", text)
    if step and step.group(1) in LABEL:
        line(LABEL[step.group(1)], f"{int(step.group(2)) / 60:.1f}", GOAL_MINUTES.get(step.group(1), ""))
    elif not step:
        line(*(text.strip().split(": ", 1) if text.startswith("acceptance: ") else ("tests", text.strip())))
if done.wait() != 0:
    raise SystemExit("scripts/prove-bare-machine failed")
