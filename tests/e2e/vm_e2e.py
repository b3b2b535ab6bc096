"""A machine of its own: Debian's kernel in QEMU, our binary as its first process, control groups as the pure version 2 tree. Without KVM
the machine is emulated, some 20 times slower than this one."""
import json, pathlib, shutil, tempfile, time

from e2e import oci
from e2e.harness import BINARY, Failed
from vm.machine import Machine

READY_S = 180  # from power-on to a Ready node, on a busy machine of two cores
POD_S = 90
HELD_MIB = 200
LIMIT_MIB = 64
PODS = f"""
apiVersion: v1
kind: Pod
metadata: {{name: greedy}}
spec:
  restartPolicy: Never
  containers:
  - {{name: c, image: appliance/demo, args: [--hold-mib, "{HELD_MIB}"], resources: {{limits: {{memory: {LIMIT_MIB}Mi}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: modest}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: test/busybox:1
    command: [sh, -c, "echo here; sleep 100000"]
    resources: {{requests: {{cpu: 100m}}, limits: {{memory: {LIMIT_MIB}Mi, cpu: 500m}}}}
"""
# What a container sees as its own group: cpu.shares 102 is a weight of 17 as the kubelet counts since 1.34, 500m is half of each 100 ms; no
# limit of processes, as with a kubelet's defaults, yet they are counted.
GROUP_FILES = {"memory.max": str(LIMIT_MIB << 20), "memory.oom.group": "1", "cpu.weight": "17", "cpu.max": "50000 100000", "pids.max": "max"}


class Booted:
    def __init__(self):
        if not shutil.which("qemu-system-x86_64"):
            raise Failed("no qemu-system-x86_64: scripts/install-deps test")
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as made:
            archive = pathlib.Path(made) / "busybox.tar"
            oci.busybox_archive(archive)
            self.vm = Machine(BINARY, {"/etc/pods.yaml": PODS.encode(), "/etc/busybox.tar": archive.read_bytes()})
        try:
            self.vm.read_until(r"info booting", READY_S)
            booted = time.monotonic() - start
            self.until("the node is Ready", "get nodes -o json", lambda nodes: any(
                c["type"] == "Ready" and c["status"] == "True" for node in items(nodes) for c in node["status"].get("conditions", [])), READY_S)
            print(f"  machine: init after {booted:.1f} s, node Ready after {time.monotonic() - start:.1f} s", flush=True)
            self.until("the default service account", "get serviceaccount default -o json", lambda account: account["metadata"]["name"] == "default", POD_S)
            self.must("image import /etc/busybox.tar --tag test/busybox:1")
            self.must("apply -f /etc/pods.yaml")
        except BaseException:
            self.vm.close()
            raise

    def must(self, line):
        code, output = self.vm.verb(line)
        if code != 0:
            raise Failed(f"{line}: exit code {code}\n{output}\n{self.vm.explain()}")
        return output

    def until(self, what, line, probe, timeout_s):
        deadline, output = time.monotonic() + timeout_s, ""
        while time.monotonic() < deadline:
            code, output = self.vm.verb(line)
            if code == 0:
                try:
                    value = json.loads(output)
                    if probe(value):
                        return value
                except (ValueError, KeyError, IndexError):
                    pass
            time.sleep(0.2)
        raise Failed(f"{what}: not within {timeout_s} s; last: {output}\n{self.vm.explain()}")

    def explain(self):
        return self.vm.explain()


def items(value):
    return value["items"] if "items" in value else [value]


def setup():
    return Booted()


def teardown(booted):
    if booted is not None:
        booted.vm.close()


def test_binary_as_init_runs_pod_and_memory_limit_kills_it(booted):
    pod = booted.until("greedy's end", "get pod greedy -o json", lambda p: p["status"]["containerStatuses"][0]["state"].get("terminated"), POD_S)
    end = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (end["reason"], end["exitCode"]) == ("OOMKilled", 137), end
    assert pod["status"]["phase"] == "Failed", pod["status"]
    modest = booted.until("modest runs", "get pod modest -o json", lambda p: p["status"]["containerStatuses"][0]["state"].get("running"), POD_S)
    assert modest["status"]["containerStatuses"][0]["restartCount"] == 0, modest["status"]
    assert booted.must("logs modest").strip() == "here"


def test_limits_stand_in_pure_v2_group(booted):
    booted.until("modest runs", "get pod modest -o json", lambda p: p["status"]["containerStatuses"][0]["state"].get("running"), POD_S)
    seen = {name: booted.must(f"exec modest -- cat /sys/fs/cgroup/{name}") for name in GROUP_FILES}
    assert seen == GROUP_FILES, seen
    assert int(booted.must("exec modest -- cat /sys/fs/cgroup/pids.current")) >= 2
    mounts = booted.must("exec modest -- cat /proc/mounts").splitlines()
    assert [m.split()[2] for m in mounts if m.split()[1].startswith("/sys/fs/cgroup")] == ["cgroup2"], mounts
    # The device filter of version 2 is a program: a node may be made, only what the container has may be opened.
    code, output = booted.vm.verb('exec modest -- sh -c "mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg"')
    assert code != 0 and "Operation not permitted" in output, output


def test_machine_turns_off_with_its_server(booted):
    booted.vm.send("down")
    assert booted.vm.wait_off(POD_S) == 0, booted.vm.explain()
