"""From nothing to a pod: `version`; exec of `up` on a new data folder until kubectl has run and executed in the demo image."""
import json, os, subprocess, time
from e2e.harness import BINARY, Cluster, run
from bench._common import *

times = []
for _ in range(21):
    start = time.perf_counter()
    subprocess.run([BINARY, "version"], stdout=subprocess.DEVNULL, check=True)
    times.append((time.perf_counter() - start) * 1000)
line("`version`, ms", f"{median(times):.1f}")

total, api, node = [], [], []
for round_ in range(5):
    c = Cluster("bench")
    try:
        start = time.perf_counter()
        out = c.up("--no-demo").stdout
        c.kubectl("run", "one", "--image=appliance/demo")
        while subprocess.run(["nsenter", f"--net=/run/netns/{c.netns}", c.kubectl_path, "--kubeconfig", str(c.kubeconfig), "exec", "one", "--", "/appliance", "version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             env=dict(os.environ, HOME=str(c.home))).returncode != 0:
            pass
        total.append(time.perf_counter() - start)
        steps = {l.split()[1]: int(l[:l.index(" ms")].split()[-1]) for l in out.splitlines() if " ms" in l}
        api.append(steps["server"] / 1000)
        node.append((steps["server"] + steps["node"]) / 1000)
    finally:
        c.close()
line("`up` on a new data folder to the first `kubectl run` and `exec`, s", f"{median(total):.2f}", "2")
line("API ready, s after exec of `up`", f"{median(api):.2f}", "0.5")
line("node Ready, s after exec of `up`", f"{median(node):.2f}", "1")
