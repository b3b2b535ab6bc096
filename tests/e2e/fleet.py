"""Several machines of one cluster, each a network namespace with its own data and run folders: a server and workers on one
segment, and workers behind a router. Traffic never leaves the namespaces."""
import os, pathlib, re, tempfile

from e2e.harness import BINARY, Cluster, _numbers, _open, eventually, fetched_kubectl, parent_of, remove_machine, run


class Fleet:
    """Machines n1 (the server), w1, w2, … Segment "a" is 10.210.N.0/24, "b" 10.211.N.0/24; a namespace of its own routes
    between them."""

    def __init__(self, name):
        _open.append(self)
        self.name, self.machines = name, []
        self.number = next(_numbers)
        self.tag = f"{os.getpid() % 100000}-{self.number}"
        self.router = f"app-{self.tag}-r"
        run("ip", "netns", "add", self.router)
        run("ip", "-n", self.router, "link", "set", "lo", "up")
        for segment in ("a", "b"):
            run("ip", "-n", self.router, "link", "add", f"br-{segment}", "type", "bridge")
            run("ip", "-n", self.router, "addr", "add", f"{self.address(segment, 254)}/24", "dev", f"br-{segment}")
            run("ip", "-n", self.router, "link", "set", f"br-{segment}", "up")
        run("nsenter", f"--net=/run/netns/{self.router}", "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")

    def address(self, segment, host):
        return f"10.{210 if segment == 'a' else 211}.{self.number}.{host}"

    def add(self, name, segment="a", ip=None, flags=()):
        machine = Machine(self, name, segment, ip, flags)
        self.machines.append(machine)
        return machine

    def server(self, *flags):
        """The first machine, up, with the images that tests need."""
        machine = self.add("n1", flags=flags)
        machine.up("--no-demo")
        self.kubeconfig = machine.kubeconfig
        return machine

    def token(self, *flags):
        return re.search(r"K10\S+", self.machines[0].appliance("token create", *flags).stdout).group(0)

    def close(self):
        _open.remove(self)
        for machine in reversed(self.machines):
            machine.close()
        run("ip", "netns", "del", self.router, check=False)


class Machine(Cluster):
    """Cluster's programs, on one machine of the fleet."""

    def __init__(self, fleet, name, segment, ip, flags):
        self.fleet, self.name, self.segment = fleet, name, segment
        self.netns = f"app-{fleet.tag}-{name}"
        self.node_ip = ip or fleet.address(segment, 1 + len(fleet.machines))
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"appliance-e2e-{fleet.name}-{name}-"))
        os.chmod(self.home, 0o755)
        self.data, self.run_dir, self.kubeconfig = self.home / "data", self.home / "run", self.home / "kubeconfig"
        self.cgroup_parent = parent_of(self.run_dir)
        self.flags = ["--node-name", name, "--node-ip", self.node_ip, *flags]
        self.kubectl_path = fetched_kubectl()
        run("ip", "netns", "add", self.netns)
        run("ip", "-n", self.netns, "link", "set", "lo", "up")
        self.port = f"p-{name}"
        run("ip", "link", "add", "eth0", "netns", self.netns, "mtu", "1500", "type", "veth", "peer", "name", self.port, "netns", fleet.router)
        run("ip", "-n", fleet.router, "link", "set", self.port, "master", f"br-{segment}", "up")
        run("ip", "-n", self.netns, "addr", "add", f"{self.node_ip}/24", "dev", "eth0")
        run("ip", "-n", self.netns, "link", "set", "eth0", "up")
        run("ip", "-n", self.netns, "route", "add", "default", "via", fleet.address(segment, 254))

    def join(self, token, address=None, *flags, check=True, timeout=120):
        return self.inside(BINARY, "join", address or self.fleet.machines[0].node_ip, "--token", token, *self.dirs(), *self.flags, *flags, check=check, timeout=timeout)

    def unplug(self):
        run("ip", "-n", self.fleet.router, "link", "set", self.port, "down")

    def plug(self):
        run("ip", "-n", self.fleet.router, "link", "set", self.port, "up")

    def supervisors(self):
        """pid -> start time of every process of this machine's pods."""
        found = {}
        for group in self.groups():
            for procs in group.rglob("cgroup.procs"):
                for pid in procs.read_text().split():
                    found[int(pid)] = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
        return found

    def settled(self):
        """supervisors(), once nothing runs here but pods of the API."""
        def now():
            mine = [p for p in self.fleet.machines[0].get("pods", "-A")["items"] if p["spec"].get("nodeName") == self.name]
            return self.supervisors() if len(list((self.run_dir / "pods").iterdir())) == len(mine) else None
        return eventually(f"only pods of the API on {self.name}", now)

    def die(self):
        """As if somebody pulled the plug: every process of the machine is gone at once, and so is its link."""
        self.unplug()
        pids = [*self.supervisors(), *(int(p) for p in run("ip", "netns", "pids", self.netns, check=False).stdout.split())]
        for pid in pids:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        eventually("the machine's end", lambda: not self.supervisors())

    def left_behind(self):
        """What of appliance is on this machine, besides empty folders; for joins that failed."""
        files = [str(p.relative_to(self.home)) for d in (self.data, self.run_dir) if d.exists() for p in d.rglob("*") if p.is_file() or p.is_socket()]
        links = [l.split(":")[1].strip() for l in self.inside("ip", "-o", "link").stdout.splitlines() if not re.search(r": (lo|eth0)[:@]", l)]
        tables = self.inside("nft", "list", "tables").stdout.split()
        return files + links + tables + [str(g) for g in self.groups()]

    def close(self):
        try:
            self.plug()
            self.inside(BINARY, "uninstall", "--yes", "--write-kubeconfig", self.kubeconfig, *self.dirs(), check=False, timeout=120)
        finally:
            remove_machine(self.home, self.netns)
