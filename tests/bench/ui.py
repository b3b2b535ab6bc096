"""The dashboard in Debian's Chromium, by the DevTools protocol (tests/ui/measure.mjs), on the fixture's objects: main-thread time until
rows are there, per batch of updates, from a write to its paint; the heap under updates; a log of 20,000 lines a second; sizes.
APP_BENCH_QUICK=1: a minute of each long one, for a smoke test."""
import json, os, subprocess
from e2e.harness import BINARY, ROOT
from bench._common import *

QUICK = os.environ.get("APP_BENCH_QUICK") == "1"
HEAP_S, LOGS_S = (60, 10) if QUICK else (600, 60)


def measure(what, **options):
    flags = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", str(value))]
    done = subprocess.run(["node", str(ROOT / "tests/ui/measure.mjs"), what, "--binary", str(BINARY), *flags], capture_output=True, text=True, timeout=1800)
    if done.returncode != 0:
        raise SystemExit(f"{what} {flags}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


subprocess.run([str(ROOT / "tests/ui/install")], check=True, stdout=subprocess.DEVNULL)
for pods, goal in ((1000, 250), (10000, 500)):
    m = measure("rows", pods=pods)
    line(f"ui: main-thread ms (of the processor) until {pods:,} pods are there, median of {m['loads']} loads", f"{m['busy_p50']} (most {m['busy_max']})", goal)
    line(f"ui: wall ms until {pods:,} pods are there, median", m["wall_p50"])
m = measure("updates", pods=10000, rate=500, seconds=20)
line("ui: 10,000 pods, 500 updates a second: main-thread ms (of the processor) per batch", f"{m['task_ms_per_batch']} ({m['script_ms_per_batch']} of script, {m['batches_per_second']} batches a second)", 15)
line("ui: from a write to its paint, ms p50, p95, p99", f"{m['paint_p50']}, {m['paint_p95']}, {m['paint_p99']} (of {m['painted']})", "p95 100")
m = measure("heap", pods=10000, rate=500, seconds=HEAP_S)
line(f"ui: heap MB over {HEAP_S} s of 500 updates a second with 10,000 pods", ", ".join(map(str, m["samples"])))
line("ui: its growth, % (and over a tab opened at the end)", f"{m['growth_percent']} ({m['over_fresh_percent']})", 10)
m = measure("logs", pods=200, log_rate=20000, seconds=LOGS_S)
line(f"ui: 20,000 log lines a second for {LOGS_S} s: longest gap between frames, ms", f"{m['longest']:.0f} ({m['fps']} frames a second, {m['mb_per_second']} MB/s)", 200)
line("ui: 20,000 log lines a second: heap MB before and after", f"{m['heap_before']}, {m['heap_after']}", "flat")
sizes = json.loads((ROOT / "build/release/embedded/web-ui/sizes.json").read_text())
line("ui: first screen, brotli KB in requests", f"{sizes['firstScreenBytes'] / 1024:.1f} in {sizes['firstScreenRequests']}", "64 in 6")
line("ui: all scripts, brotli KB", f"{sizes['scriptBytes'] / 1024:.1f}", 300)
line("ui: embedded, brotli and gzip, KB", f"{sizes['assetBytes'] / 1024:.1f}", 700)
