"""A worker: from `join` to Ready, and its memory with 10 pods, theirs not counted."""
import json, time
from e2e.fleet import Fleet
from e2e.harness import eventually
from bench._common import *

fleet = Fleet("bench")
try:
    server, times = fleet.server(), []
    worker = fleet.add("w1")
    for round in range(7):
        token = fleet.token()
        start = time.monotonic()
        worker.join(token)
        times.append(time.monotonic() - start)
        if round < 6:
            worker.appliance("leave")
    line("`appliance join` to a Ready node, s, median of 7", f"{median(times):.2f}", "2")
    server.apply(json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "ten"}, "spec": {"replicas": 10, "selector": {"matchLabels": {"app": "ten"}}, "template": {
        "metadata": {"labels": {"app": "ten"}}, "spec": {"nodeSelector": {"kubernetes.io/hostname": "w1"}, "containers": [{"name": "c", "image": "appliance/demo"}]}}}}))
    server.wait_pods("app=ten", 10)
    time.sleep(30)  # the figure is of a worker at rest
    before, start = cpu_seconds(worker.server_pid()), time.monotonic()
    time.sleep(30)
    line("worker with 10 pods, MB PSS without them", f"{pss_kb(worker.server_pid()) / 1024:.1f}", "30")
    line("worker with 10 pods at rest, % of a core", f"{100 * (cpu_seconds(worker.server_pid()) - before) / (time.monotonic() - start):.2f}", "1")
finally:
    fleet.close()
