"""Memory after 1,000 pods came and went, and whether it levels off. Two things are meant to fill: the events of pods, which live an hour
(some five for each pod), and the watch cache's last 12 MiB of changes. So first 1,000 pods with all their events, then idle: the
figure of a busy hour. Then the events go, as they would, and two more rounds of 200: what those add would be a leak."""
import threading, time
from e2e.harness import Cluster, eventually
from bench._common import *
from bench._pods import *

ROUNDS, BATCHES, PODS = 5, 4, 50
IDLE_S = 60
LEVEL = 0.05  # of the round before

c = Cluster("bench")
seen, stop = {}, []
try:
    c.up()
    c.wait_pods("app=demo", 2)
    threading.Thread(target=watch, args=(c, seen, stop), daemon=True).start()
    pid, links = c.server_pid(), counts(c)["links"]
    memory = lambda: pss_kb(pid) / 1024
    grown = [memory()]

    def round_of(number):
        for b in range(BATCHES):
            come_and_go(c, seen, f"churn-{number}-{b}", PODS, links)

    for r in range(ROUNDS):
        round_of(r)
        grown.append(memory())
    time.sleep(IDLE_S)
    line(f"churn: with the demo, and after each {BATCHES * PODS} of {ROUNDS * BATCHES * PODS} pods, server MB PSS", ", ".join(f"{m:.1f}" for m in grown))
    line(f"churn: idle after {ROUNDS * BATCHES * PODS} pods, server MB PSS", f"{memory():.1f}", "60")
    line(f"churn: idle after {ROUNDS * BATCHES * PODS} pods, supervisor, median KB PSS", f"{median(supervisors(c)):.0f}", "200")
    line("churn: events that these pods left for their hour", drop_events(c))
    levels = []
    for r in (ROUNDS, ROUNDS + 1):
        round_of(r)
        drop_events(c)
        levels.append(memory())
    line("churn: two more rounds of 200 without old events, server MB PSS", f"{levels[0]:.1f} and {levels[1]:.1f}", "level")
    if levels[1] >= levels[0] * (1 + LEVEL):
        raise SystemExit(f"memory is not level: {levels}")
finally:
    for process in stop:
        process.kill()
        process.wait()
    c.close()
