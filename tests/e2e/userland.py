"""A Debian userland of its own, booted by systemd as a container (systemd-nspawn): for what only a whole machine shows.

    machine = Userland("package")         # booted, eth0 on a wire to a client's network namespace
    machine.run("dpkg", "-i", "/root/appliance.deb")
    machine.curl("http://10.202.1.1:30080/")      # from the client
    machine.close()

The userland is made once per build folder by mmdebstrap; each machine gets a copy. Its control groups live below groups of
the test's own, so its `kubepods` is not this machine's. All processes of a machine end with its first."""
import itertools, os, pathlib, shutil, signal, subprocess, tempfile, time

from e2e.harness import Failed, ROOT, Skip, _open, apt_sources, eventually, run

CACHE = ROOT / "build/e2e/userland"
PACKAGES = "systemd,systemd-sysv,iproute2,procps,curl,kmod"
CGROUPS = pathlib.Path("/sys/fs/cgroup")
SPARED = {"cpuset"}  # a new group of it has no processors; the machine stays in ours
BOOT_S = 60
_numbers = itertools.count(1)


def rootfs():
    done = CACHE / "done"
    if not done.exists() or done.read_text() != PACKAGES:
        run("rm", "-rf", CACHE)
        CACHE.mkdir(parents=True)
        run("mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", CACHE / "rootfs", *apt_sources(), timeout=600)
        done.write_text(PACKAGES)
    return CACHE / "rootfs"


def copy_of_rootfs(target):
    run("cp", "-a", "--reflink=auto", rootfs(), target)
    return pathlib.Path(target)


class Userland:
    def __init__(self, name):
        number = next(_numbers)
        tag = f"{os.getpid() % 100000}-{number}"
        self.name, self.client, self.leader, self.groups = f"app-{name}-{tag}", f"app-{tag}-u", None, []
        self.ip, self.client_ip = f"10.202.{number}.1", f"10.202.{number}.2"
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"appliance-e2e-{name}-"))
        self.root = self.home / "root"
        self.nspawn = None
        _open.append(self)
        try:
            if not shutil.which("systemd-nspawn"):
                raise Skip("no systemd-nspawn")
            copy_of_rootfs(self.root)
            self._prepare()
            run("ip", "netns", "add", self.client)
            run("ip", "-n", self.client, "link", "set", "lo", "up")
            self.boot()
        except Exception:
            self.close()
            raise

    # -- life
    def boot(self):
        hierarchies = [p for p in sorted(CGROUPS.iterdir()) if (p / "cgroup.procs").exists() and p.name not in SPARED] if not (CGROUPS / "cgroup.procs").exists() else [CGROUPS]
        for hierarchy in hierarchies:
            group = hierarchy / self.name
            group.mkdir(exist_ok=True)
            if group not in self.groups:
                self.groups.append(group)

        def enter():
            for group in self.groups:
                (group / "cgroup.procs").write_text("0")

        self.console = open(self.home / "console", "w")
        self.nspawn = subprocess.Popen(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--capability=all", "--console=pipe", "-M", self.name, "-D", self.root, "/sbin/init"],
                                       stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT, preexec_fn=enter, start_new_session=True)
        self.leader = eventually("the machine's first process", self._find_leader, BOOT_S)
        run("ip", "link", "add", "eth0", "netns", self.leader, "type", "veth", "peer", "name", "eth0", "netns", self.client)
        run("ip", "-n", self.client, "addr", "add", f"{self.client_ip}/24", "dev", "eth0")
        run("ip", "-n", self.client, "link", "set", "eth0", "up")
        eventually("the machine is up", lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"), BOOT_S)

    def _prepare(self):
        """What the kernel and a network service do for a machine of its own: writable control groups, an address on eth0."""
        (self.root / "etc/hostname").write_text("machine\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 machine\n")
        (self.root / "etc/machine-id").write_text("")
        units = self.root / "etc/systemd/system"
        spared = "|".join(SPARED)
        for name, before, wants, script in [
            ("test-groups", "sysinit.target", "sysinit.target", f"for m in $$(grep ' cgroup ' /proc/self/mounts | cut -d' ' -f2); do case $${{m##*/}} in {spared}) ;; *) mount -o remount,bind,rw,nosuid,nodev,noexec $$m ;; esac; done"),
            ("test-network", "network-online.target", "basic.target", f"until ip link show eth0; do sleep 0.02; done; ip addr add {self.ip}/24 dev eth0; ip link set eth0 up; ip route add default via {self.client_ip}"),
        ]:
            (units / f"{name}.service").write_text(f"[Unit]\nDefaultDependencies=no\nBefore={before}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c \"{script}\"\n")
            (units / f"{wants}.wants").mkdir(exist_ok=True)
            (units / f"{wants}.wants" / f"{name}.service").symlink_to(f"../{name}.service")

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            raise Skip("systemd-nspawn does not boot here: " + (self.home / "console").read_text()[-300:])
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        for child in children:
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)

    def power_off(self):
        """As a machine that loses its power: every process ends at once; its files stay."""
        if self.leader:
            try:
                os.kill(self.leader, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.nspawn:
            if self.leader is None:
                self.nspawn.kill()  # its child ends with it
            self.nspawn.wait(timeout=30)
            self.console.close()
        self.leader = self.nspawn = None
        run("ip", "-n", self.client, "link", "del", "eth0", check=False)
        for group in self.groups:
            self._remove_group(group)

    def _remove_group(self, group):
        deadline = time.monotonic() + 10
        while group.exists() and time.monotonic() < deadline:
            for folder, _, _ in os.walk(group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    time.sleep(0.02)  # a process of it is still ending

    def close(self):
        if self in _open:
            _open.remove(self)
        self.power_off()
        run("ip", "netns", "del", self.client, check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def route_to(self, other):
        """Both machines' clients become routers, with a wire between them."""
        run("ip", "link", "add", "up0", "netns", self.client, "type", "veth", "peer", "name", "up0", "netns", other.client)
        for one, two in ((self, other), (other, self)):
            near, far = one.ip.split(".")[2], two.ip.split(".")[2]
            run("ip", "-n", one.client, "addr", "add", f"10.203.0.{near}/24", "dev", "up0")
            run("ip", "-n", one.client, "link", "set", "up0", "up")
            run("ip", "-n", one.client, "route", "add", f"10.202.{far}.0/24", "via", f"10.203.0.{far}")
            run("ip", "netns", "exec", one.client, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    # -- programs
    def argv(self, *argv):
        return ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--root", "env", "-C", "/", "-i", "HOME=/root", "USER=root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *map(str, argv)]

    def run(self, *argv, check=True, timeout=120, **options):
        return run(*self.argv(*argv), check=check, timeout=timeout, **options)

    def shell(self, text, check=True, **options):
        return self.run("sh", "-c", text, check=check, **options)

    def client_argv(self, *argv):
        return ["nsenter", f"--net=/run/netns/{self.client}", *map(str, argv)]

    def curl(self, url, check=True):
        return run(*self.client_argv("curl", "-sS", "--fail", "--max-time", "5", url), check=check)

    def give(self, path, name=None):
        """A file of ours in the machine's /root."""
        target = self.root / "root" / (name or pathlib.Path(path).name)
        shutil.copy(path, target)
        return "/root/" + target.name

    def explain(self):
        if not self.leader:
            return (self.home / "console").read_text()[-2000:]
        return self.run("journalctl", "-u", "appliance", "-n", "30", "--no-pager", "-o", "cat", check=False).stdout
