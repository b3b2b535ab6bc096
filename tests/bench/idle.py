"""Idle: memory and CPU 60 s after the start with the demo."""
import time
from e2e.harness import Cluster
from bench._common import *

c = Cluster("bench")
try:
    c.up()
    c.wait_pods("app=demo", 2)
    time.sleep(60)
    pid = c.server_pid()
    line("server 60 s after start with the demo, MB PSS", f"{pss_kb(pid) / 1024:.1f}", "60")
    before, start = cpu_seconds(pid), time.monotonic()
    time.sleep(30)
    line("idle CPU, % of a core", f"{(cpu_seconds(pid) - before) / (time.monotonic() - start) * 100:.2f}", "1")
finally:
    c.close()
