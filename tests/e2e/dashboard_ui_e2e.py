"""Journeys through the dashboard of a real cluster, in Chromium inside the first machine's network namespace: what needs kubelets,
more machines, or a server that goes away. The journeys are tests/ui/cluster/*_ui.mjs, told by a file what there is; each
test here runs one of them. Machines: n1, the server; w1, a worker; w2, which joins when a journey says so."""
import json, shutil, subprocess

from e2e import oci
from e2e.fleet import Fleet
from e2e.harness import BINARY, ROOT, Failed, Skip, eventually, run

LOOP = "i=0; while true; do i=$((i+1)); echo \"$HOSTNAME line $i\"; sleep 0.2; done"
CRASH = "echo before the crash; exit 3"


def deployment(name, replicas, script, **extra):
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": {"app": name}},
                       "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                                "template": {"metadata": {"labels": {"app": name}}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [
                                    {"name": "c", "image": "test/busybox:1", "command": ["sh", "-c", script], **extra}]}}}})


def pod(name, script, **spec):
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
                       "spec": dict({"nodeName": "n1", "terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": "test/busybox:1", "command": ["sh", "-c", script]}]}, **spec)})


class Dashboard(Fleet):
    def __init__(self):
        for program in ("node", "chromium"):
            if not shutil.which(program):
                raise Skip(f"no {program}")
        run(ROOT / "tests/ui/install", timeout=300)
        super().__init__("dashui")
        self.n1 = self.server()
        archive = self.n1.home / "busybox.tar"
        oci.busybox_archive(archive)
        self.w1, self.w2 = self.add("w1"), self.add("w2")
        self.w1.join(self.token())
        for machine in (self.n1, self.w1):
            machine.appliance("image import", archive, "--tag", "test/busybox:1")
        self.n1.kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
        self.n1.apply(deployment("web", 2, LOOP))
        self.n1.wait_pods("app=web", 2)
        self.n1.apply(deployment("web", 2, LOOP, env=[{"name": "COLOR", "value": "blue"}]))
        self.n1.apply(pod("one", "sleep 100000"))
        self.n1.apply(pod("crash", CRASH))
        self.n1.wait_pods("app=one", 1)
        eventually("the rollout", lambda: "successfully rolled out" in self.n1.kubectl("rollout", "status", "deploy/web", "--timeout=60s").stdout)
        eventually("a restart", lambda: self.n1.get("pod", "crash")["status"]["containerStatuses"][0]["restartCount"] >= 1)
        self.file = self.n1.home / "ui.json"
        self.file.write_text(json.dumps({
            "url": f"https://{self.n1.node_ip}:6443", "binary": str(BINARY), "dirs": self.n1.dirs(), "flags": self.n1.flags, "kubeconfig": str(self.n1.kubeconfig),
            "kubectl": str(self.n1.kubectl_path), "pid_file": str(self.n1.run_dir / "server.pid"),
            "joiner": {"inside": ["nsenter", f"--net=/run/netns/{self.w2.netns}"], "dirs": self.w2.dirs(), "flags": self.w2.flags, "name": "w2", "server": self.n1.node_ip},
        }))

    def journey(self, name):
        done = self.n1.inside("node", ROOT / "tests/ui/run.mjs", "--cluster", self.file, "--out", ROOT / "build/ui", name, check=False, timeout=300)
        results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        bad = [f"{one['name']}: {one.get('why', '')}" for one in results if one["state"] != "passed"]
        if bad or not results or done.returncode != 0:
            raise Failed("\n".join(bad) or f"exit code {done.returncode}: {done.stdout}{done.stderr}")

    def explain(self):
        return self.n1.explain()


def setup():
    return Dashboard()


def teardown(d):
    d.close()


def test_shell(d):
    d.journey("shell/")


def test_logs(d):
    d.journey("logs/")


def test_actions(d):
    d.journey("actions/")


def test_usage_of_nodes_and_pods(d):
    d.journey("usage/")


def test_a_restarted_server(d):
    d.journey("restart/")


def test_drain(d):
    d.journey("drain/")


def test_a_machine_joins_live(d):
    d.journey("join/")
