"""`appliance dev fixture` as a process: what it serves, that its objects change, and that nothing stays. It touches a temporary
folder and a port that the kernel chooses, so these tests need no namespace."""
import json, os, pathlib, re, shutil, signal, subprocess, tempfile, time

from e2e.harness import BINARY, Failed, eventually, fetched_kubectl, run


class Fixture:
    def __init__(self, tmp, *flags, prefix=(), binary=BINARY):
        self.errors = open(tmp / "stderr", "w+")
        self.process = subprocess.Popen([*prefix, str(binary), "dev", "fixture", *flags, "-o", "json"], stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=dict(os.environ, TMPDIR=str(tmp)),
                                        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))  # this process may be without
        try:
            line = self.process.stdout.readline()
            if not line:
                self.errors.seek(0)
                raise Failed(f"dev fixture ended with {self.process.wait(10)}: {self.errors.read()}")
            self.facts = json.loads(line)
        except BaseException:
            self.kill()
            raise
        self.kubectl_path = fetched_kubectl()

    def kubectl(self, *argv, **options):
        return run(self.kubectl_path, "--kubeconfig", self.facts["kubeconfig"], *argv, **options)

    def get(self, *argv):
        return json.loads(self.kubectl("get", *argv, "-o", "json").stdout)

    def stop(self, sign=signal.SIGTERM):
        self.process.send_signal(sign)
        code = self.process.wait(20)
        self.errors.seek(0)
        return code, self.errors.read()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.process.stdout.close()
        self.errors.close()


class Context:
    def __init__(self):
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="appliance-e2e-fixture-"))
        self.open = []

    def start(self, *flags, **options):
        fixture = Fixture(self.tmp, *flags, **options)
        self.open.append(fixture)
        return fixture

    def folders(self):
        return [p.name for p in self.tmp.glob("appliance-fixture-*")]


def setup():
    return Context()


def teardown(c):
    for fixture in c.open:
        fixture.kill()
    shutil.rmtree(c.tmp, ignore_errors=True)


def one_pod(fixture, which):
    for pod in fixture.get("pods", "-A")["items"]:
        if which(pod):
            return pod["metadata"]["namespace"], pod["metadata"]["name"]
    raise Failed("no such pod")


def waits_for(reason):
    return lambda pod: any(s.get("state", {}).get("waiting", {}).get("reason") == reason for s in pod["status"].get("containerStatuses", []))


def test_objects(c):
    fixture = c.start("--pods", "300", "--nodes", "5", "--namespaces", "3")
    assert fixture.facts["pods"] == 300 and fixture.facts["rate"] == 0, fixture.facts
    rows = fixture.kubectl("get", "pods", "-A", "--no-headers").stdout.splitlines()
    assert len(rows) == 300
    states = {row.split()[3] for row in rows}
    assert {"Running", "CrashLoopBackOff", "ImagePullBackOff", "Pending"} <= states, states
    assert len(fixture.kubectl("get", "nodes", "--no-headers").stdout.splitlines()) == 5
    pod = next(p for p in fixture.get("pods", "-A")["items"] if p["metadata"]["namespace"] == "shop")
    owner = pod["metadata"]["ownerReferences"][0]
    owned = fixture.get("rs", "-n", "shop", owner["name"])
    assert owned["metadata"]["uid"] == owner["uid"]
    described = fixture.kubectl("describe", "pod", "-n", "shop", pod["metadata"]["name"]).stdout
    assert f"Controlled By:  ReplicaSet/{owner['name']}" in described
    again = c.start("--pods", "300", "--nodes", "5", "--namespaces", "3")
    assert [r.split()[:2] for r in again.kubectl("get", "pods", "-A", "--no-headers").stdout.splitlines()] == [r.split()[:2] for r in rows]


def test_rate(c):
    fixture = c.start("--pods", "200", "--rate", "100")
    stamps = lambda: {p["metadata"]["uid"]: int(p["metadata"]["annotations"]["fixture.appliance.dev/at"]) for p in fixture.get("pods", "-A")["items"]}
    before = stamps()
    eventually("100 pods that changed", lambda: sum(before.get(uid) != at for uid, at in stamps().items()) >= 100)
    newest = max(stamps().values())
    assert time.time() * 1000 - 30_000 < newest <= time.time() * 1000 + 1000, newest


def test_logs(c):
    fixture = c.start("--pods", "300", "--log-rate", "1000")
    ns, name = one_pod(fixture, lambda p: p["status"].get("phase") == "Running" and len(p["spec"]["containers"]) == 1 and all(s["ready"] for s in p["status"]["containerStatuses"]))
    assert len(fixture.kubectl("logs", "-n", ns, name, "--tail", "7").stdout.splitlines()) == 7
    line = fixture.kubectl("logs", "-n", ns, name, "--tail", "1", "--timestamps").stdout
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z .* n=\d+ ", line), line
    follower = subprocess.Popen([fixture.kubectl_path, "--kubeconfig", fixture.facts["kubeconfig"], "logs", "-n", ns, name, "-f", "--tail", "1"], stdout=subprocess.PIPE, text=True)
    try:
        numbers = [int(re.search(r"n=(\d+) ", follower.stdout.readline()).group(1)) for _ in range(1500)]
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()
    assert numbers == list(range(numbers[0], numbers[0] + 1500))
    ns, name = one_pod(fixture, waits_for("CrashLoopBackOff"))
    assert fixture.kubectl("logs", "-n", ns, name, "-c", "app", "--previous").stdout.endswith("exit status 2\n")
    ns, name = one_pod(fixture, waits_for("ImagePullBackOff"))
    refused = fixture.kubectl("logs", "-n", ns, name, "-c", "app", check=False)
    assert refused.returncode == 1 and "is waiting to start: trying and failing to pull image" in refused.stderr, refused
    refused = fixture.kubectl("exec", "-n", ns, name, "-c", "app", "--", "sh", check=False)
    assert refused.returncode == 1 and "no containers" in refused.stderr, refused


def test_hostile(c):
    fixture = c.start("--pods", "300", "--hostile")
    pod = next(p for p in fixture.get("pods", "-A")["items"] if p["metadata"]["annotations"].get("fixture.appliance.dev/log") == "long-line" and p["status"].get("phase") == "Running")
    notes = pod["metadata"]["annotations"].values()
    for text in ("<script>", "\x1b[31m", "\u202e", "__proto__"):
        assert any(text in note for note in notes), text
    assert max(map(len, notes)) == 100_000
    text = fixture.kubectl("logs", "-n", pod["metadata"]["namespace"], pod["metadata"]["name"], "-c", "app").stdout
    assert max(map(len, text.split("\n"))) >= 1 << 20
    messages = [e["message"] for e in fixture.get("events", "-A")["items"]]
    assert any("<script>" in m for m in messages) and any("\u202e" in m for m in messages)


def test_writes(c):
    fixture = c.start("--pods", "100")
    deployment = fixture.get("deploy", "-n", "shop")["items"][0]["metadata"]["name"]
    fixture.kubectl("scale", "-n", "shop", "deploy", deployment, "--replicas", "9")
    assert fixture.get("deploy", "-n", "shop", deployment)["spec"]["replicas"] == 9
    fixture.kubectl("cordon", "node-01")
    assert fixture.get("node", "node-01")["spec"]["unschedulable"]
    ns, name = one_pod(fixture, lambda p: p["status"].get("phase") == "Running")
    fixture.kubectl("delete", "pod", "-n", ns, name)  # waits until it is gone
    assert fixture.kubectl("get", "pod", "-n", ns, name, check=False).returncode == 1


def test_stops_and_leaves_nothing(c):
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        fixture = c.start("--pods", "50", "--rate", "50")
        folder = pathlib.Path(fixture.facts["dir"])
        assert folder.parent == c.tmp and (folder / "admin.kubeconfig").stat().st_mode & 0o777 == 0o600
        code, errors = fixture.stop(sign)
        assert code == 0 and errors == "" and not folder.exists(), (code, errors)


def test_stops_while_it_starts(c):
    before = set(c.folders())
    process = subprocess.Popen([BINARY, "dev", "fixture", "--pods", "100000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ, TMPDIR=str(c.tmp)))
    try:
        eventually("its folder", lambda: set(c.folders()) - before)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 1 and "asked to stop" in err, (process.returncode, out, err)
        assert set(c.folders()) == before
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_bad_flags(c):
    for flags, why in [(["--pods", "0"], "--pods: from 1 to 100000"), (["--pods", "100001"], "--pods"), (["--rate", "-1"], "--rate: from 0 to 5000"), (["--rate", "x"], "rate"), (["--nodes", "3000"], "--nodes"),
                       (["--pods", "90000", "--nodes", "2"], "--nodes: a node has room for"), (["--port", "65536"], "--port"), (["--log-rate", "0"], "--log-rate"), (["-o", "yaml"], "-o: json"), (["--nope"], "nope"), (["--namespaces", "0"], "--namespaces")]:
        done = run(BINARY, "dev", "fixture", *flags, check=False)
        assert done.returncode == 2 and why in done.stderr, (flags, done)
    text = run(BINARY, "dev", "fixture", "--help").stdout
    assert text.count("appliance dev fixture") >= 2 and "Examples:" in text, text


def test_a_port_in_use_is_named(c):
    fixture = c.start("--pods", "1")
    port = fixture.facts["url"].rsplit(":", 1)[1]
    done = run(BINARY, "dev", "fixture", "--pods", "1", "--port", port, check=False, env=dict(os.environ, TMPDIR=str(c.tmp)))
    assert done.returncode == 1 and port in done.stderr, done
    assert len(c.folders()) == len([f for f in c.open if f.process.poll() is None])


def test_needs_no_root(c):
    c.tmp.chmod(0o755)
    home = c.tmp / "nobody"
    home.mkdir()
    os.chown(home, 65534, 65534)
    copy = c.tmp / "appliance"
    shutil.copy(BINARY, copy)
    copy.chmod(0o755)
    fixture = c.start("--pods", "20", prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", f"TMPDIR={home}"), binary=copy)
    assert len(fixture.kubectl("get", "pods", "-A", "--no-headers").stdout.splitlines()) == 20
    assert pathlib.Path(fixture.facts["dir"]).owner() == "nobody"
    code, errors = fixture.stop()
    assert code == 0 and not list(home.iterdir()), (code, errors)
