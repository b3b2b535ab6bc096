"""End-to-end tests run the real static binary as a machine of its own: a network namespace with an uplink, own data and run
folders, own logs and cgroup parent. Traffic never leaves the namespaces that a test made. What a test makes is removed at
the end, also when it fails; processes are ended by pid.

    cluster = Cluster("kubectl")          # namespace, folders; nothing runs yet
    cluster.up("--no-demo")
    cluster.kubectl("get", "pods")
    cluster.close()
"""
import json, os, pathlib, re, shutil, signal, subprocess, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("APP_BINARY", ROOT / "build/release/appliance"))  # APP_BINARY: another build, for quick rounds
WAIT_S = 60
_numbers = iter(range(1, 200))


_open = []


def close_all():
    """What a test file left open, because its setup failed say."""
    while _open:
        _open[-1].close()


class Skip(Exception):
    """The machine cannot run this test; counted and printed."""


class Failed(AssertionError):
    pass


def run(*argv, check=True, timeout=120, **options):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=timeout, stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None, **options)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, argv))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def eventually(what, probe, timeout=WAIT_S):
    """Asks until probe() gives a true value; a raised Failed counts as not yet."""
    deadline, last = time.monotonic() + timeout, None
    while time.monotonic() < deadline:
        try:
            last = probe()
            if last:
                return last
        except (Failed, subprocess.TimeoutExpired, ValueError, KeyError) as error:
            last = error
        time.sleep(0.05)
    raise Failed(f"{what}: not within {timeout} s; last: {last}")


def apt_sources():
    """This machine's own sources of Debian, as mmdebstrap takes them."""
    return [str(p) for p in pathlib.Path("/etc/apt/sources.list.d").glob("debian*.sources")][:1] or ["/etc/apt/sources.list"]


def parent_of(run_dir):
    """The cgroup parent of a run folder, as the server derives it."""
    hashed = 0xCBF29CE484222325
    for byte in str(run_dir).encode():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return f"kubepods-{hashed % 2**32:08x}"


def remove_machine(home, *namespaces):
    """Ends what runs in the namespaces, by pid, and removes them and the folder with all that is mounted in it."""
    for ns in namespaces:
        for pid in run("ip", "netns", "pids", ns, check=False).stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        run("ip", "netns", "del", ns, check=False)
    for mount in reversed([line.split()[1] for line in open("/proc/mounts") if line.split()[1].startswith(str(home))]):
        run("umount", "-l", mount, check=False)
    shutil.rmtree(home, ignore_errors=True)


def fetched_kubectl():
    return run(ROOT / "scripts/fetch-kubectl").stdout.strip().splitlines()[-1]


class Cluster:
    def __init__(self, name, flags=()):
        self.name = name
        _open.append(self)
        number = next(_numbers)
        tag = f"{os.getpid() % 100000}-{number}"
        self.netns = f"app-{tag}"
        self.peer = f"app-{tag}-c"  # a client machine on the same wire
        self.node_ip, self.peer_ip = f"10.201.{number}.1", f"10.201.{number}.2"
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"appliance-e2e-{name}-"))
        os.chmod(self.home, 0o755)
        self.data, self.run_dir, self.kubeconfig = self.home / "data", self.home / "run", self.home / "kubeconfig"
        self.cgroup_parent = parent_of(self.run_dir)
        self.flags = ["--node-name", "n1", "--node-ip", self.node_ip, *flags]
        self.kubectl_path = fetched_kubectl()
        for ns in (self.netns, self.peer):
            run("ip", "netns", "add", ns)
            run("ip", "-n", ns, "link", "set", "lo", "up")
        run("ip", "link", "add", "eth0", "netns", self.netns, "mtu", "1500", "type", "veth", "peer", "name", "eth0", "netns", self.peer)
        for ns, address in ((self.netns, self.node_ip), (self.peer, self.peer_ip)):
            run("ip", "-n", ns, "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "-n", ns, "link", "set", "eth0", "up")
        run("ip", "-n", self.netns, "route", "add", "default", "via", self.peer_ip)

    # -- programs
    def inside(self, *argv, check=True, **options):
        return run("nsenter", f"--net=/run/netns/{self.netns}", *argv, check=check, **options)

    def client(self, *argv, check=True, **options):
        return run("nsenter", f"--net=/run/netns/{self.peer}", *argv, check=check, **options)

    def popen(self, *argv, **options):
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.netns}", *map(str, argv)], text=options.pop("text", True), **options)

    def client_popen(self, *argv):
        return subprocess.Popen(["nsenter", f"--net=/run/netns/{self.peer}", *map(str, argv)], text=True, stdout=subprocess.PIPE)

    def dirs(self):
        return ["--data-dir", str(self.data), "--run-dir", str(self.run_dir)]

    def appliance(self, verb, *argv, check=True, **options):
        return self.inside(BINARY, *verb.split(), *argv, *self.dirs(), check=check, **options)

    def up(self, *argv, check=True):
        try:
            return self.inside(BINARY, "up", *self.dirs(), "--write-kubeconfig", self.kubeconfig, *self.flags, *argv, check=check, env=dict(os.environ, HOME=str(self.home)))
        except (Failed, subprocess.TimeoutExpired) as error:  # no cluster, no later explain(): say it now
            raise Failed(f"{error}\n{self.explain()}") from None

    def kubectl(self, *argv, check=True, kubectl=None, **options):
        env = dict(os.environ, HOME=str(self.home), KUBECONFIG=str(self.kubeconfig))
        return self.inside(kubectl or self.kubectl_path, *argv, check=check, env=env, **options)

    def get(self, *argv):
        return json.loads(self.kubectl("get", *argv, "-o", "json").stdout)

    def apply(self, text, *argv):
        return self.kubectl("apply", "-f", "-", *argv, input=text)

    def raw(self, method, path, body, content_type):
        """An API request as the admin, past kubectl: status and body."""
        pki = self.data / "pki"
        file = self.home / "raw-body"
        file.write_bytes(body)
        out = self.inside("curl", "-sS", "--max-time", "20", "-X", method, "--cacert", pki / "ca.crt", "--cert", pki / "admin.crt", "--key", pki / "admin.key", "-H", f"Content-Type: {content_type}", "-H", "Expect:",
                          "--data-binary", f"@{file}", "-w", "\n%{http_code}", f"https://127.0.0.1:6443{path}").stdout
        text, _, code = out.rpartition("\n")
        return int(code), text

    def curl(self, url, *argv, check=True):
        return self.inside("curl", "-sS", "--max-time", "10", *argv, url, check=check)

    def public_binary(self):
        """A copy that every user of the machine can reach."""
        copy = self.home / "appliance"
        if not copy.exists():
            shutil.copy(BINARY, copy)
            os.chmod(copy, 0o755)
        return copy

    def groups(self):
        """The top of this cluster's control groups in every hierarchy."""
        return {p for p in [pathlib.Path("/sys/fs/cgroup") / self.cgroup_parent, *pathlib.Path("/sys/fs/cgroup").glob(f"*/{self.cgroup_parent}")] if p.exists()}

    # -- waiting
    def wait_pods(self, selector, count, namespace="default", timeout=WAIT_S):
        def ready():
            items = self.get("pods", "-n", namespace, "-l", selector)["items"]
            good = [p for p in items if "deletionTimestamp" not in p["metadata"] and any(c["type"] == "Ready" and c["status"] == "True" for c in p.get("status", {}).get("conditions", []))]
            return good if len(good) == count and len(items) == count else None
        return eventually(f"{count} ready pods of {selector}", ready, timeout)

    def wait_phase(self, pod, phase, timeout=WAIT_S):
        return eventually(f"pod {pod} {phase}", lambda: self.get("pod", pod)["status"].get("phase") == phase, timeout)

    # -- life
    def server_pid(self):
        return int((self.run_dir / "server.pid").read_text())

    def kill_server(self):
        pid = self.server_pid()
        os.kill(pid, signal.SIGKILL)
        eventually("the server's end", lambda: not pathlib.Path(f"/proc/{pid}").exists() or "Z" in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0])

    def explain(self):
        log = self.data / "log/server.log"
        return f"--- end of {log}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-25:]) if log.exists() else "no server log"

    def close(self):
        _open.remove(self)
        try:
            self.inside(BINARY, "uninstall", "--yes", "--write-kubeconfig", self.kubeconfig, *self.dirs(), check=False, timeout=120)
        finally:
            remove_machine(self.home, self.netns, self.peer)
