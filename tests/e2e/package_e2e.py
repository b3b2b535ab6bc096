"""The packages on a machine that systemd booted: what is in them, installing, `up` through the unit, an upgrade under load, a
reboot, removal, purge; the .rpm in a root of its own. The tests of the machine are one life, in this order."""
import hashlib, json, os, pathlib, re, shutil, subprocess, tempfile, time

from e2e.harness import BINARY, Failed, ROOT, eventually, run
from e2e.userland import Userland, copy_of_rootfs

NODE_PORT = 30080
# What changes on a machine with or without us: the package manager's own books, logs of the system, caches.
BOOKS = ("var/lib/dpkg/", "var/log/", "var/cache/", "var/lib/systemd/", "var/tmp/", "root/")
LOGS_OF_PODS = ("var/log/pods", "var/log/containers")
LIBRARIES = ["asio-beast-json", "c-ares", "cli11", "cpp-httplib", "gcc", "glibc", "libdeflate", "libseccomp", "musl", "openssl", "sqlite", "yaml-cpp", "zlib", "zstd"]


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def build(kind, out, root=ROOT, prefix=(), **settings):
    """scripts/deb or scripts/rpm with settings of scripts/package-version; the package's path."""
    env = dict(os.environ, OUT=str(out), BINARY=str(BINARY)) | settings
    return pathlib.Path(run(*prefix, root / "scripts" / kind, env=env, timeout=300).stdout.splitlines()[-1])


class World:
    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="appliance-e2e-packages-"))
        os.chmod(self.home, 0o755)
        # The next version: another executable, as an upgrade brings one. Bytes behind the last section change nothing else.
        self.next_binary = self.home / "appliance-next"
        shutil.copy(BINARY, self.next_binary)
        with open(self.next_binary, "ab") as file:
            file.write(b"next version\n")
        self.deb = build("deb", self.home, VERSION="0.1.0")
        self.next_deb = build("deb", self.home, VERSION="0.1.1", BINARY=str(self.next_binary))
        self.machine = None

    def explain(self):
        return self.machine.explain() if self.machine else ""


def setup():
    return World()


def teardown(w):
    if w.machine:
        w.machine.close()
    shutil.rmtree(w.home, ignore_errors=True)


# -- what is in it
def unpacked(w):
    target = w.home / "unpacked"
    if not target.exists():
        run("dpkg-deb", "-x", w.deb, target)
        run("dpkg-deb", "-e", w.deb, target / "DEBIAN")
    return target


def test_deb_holds_the_executable_as_it_was_built(w):
    files = unpacked(w)
    assert digest(files / "usr/bin/appliance") == digest(BINARY)
    assert (files / "usr/bin/appliance").stat().st_mode & 0o7777 == 0o755
    listing = run("dpkg-deb", "-c", w.deb).stdout
    assert all(line.split()[1] == "root/root" for line in listing.splitlines()), listing


def test_deb_unit(w):
    unit = (unpacked(w) / "lib/systemd/system/appliance.service").read_text()
    for line in ["Type=notify", "KillMode=process", "Delegate=yes", "Restart=always", "TasksMax=infinity", "OOMPolicy=continue", "LimitNOFILE=1048576", "ExecStart=/usr/bin/appliance server"]:
        assert f"\n{line}\n" in unit, line
    # What containers would inherit, or mounts that a restart would lose, must not be in it.
    for word in ["NoNewPrivileges", "SystemCallFilter", "ProtectSystem", "PrivateTmp", "PrivateMounts", "RestrictNamespaces", "MemoryDenyWriteExecute"]:
        assert f"\n{word}" not in unit, word
    done = run("systemd-analyze", "verify", "--man=no", unpacked(w) / "lib/systemd/system/appliance.service", check=False)
    noise = [line for line in (done.stdout + done.stderr).splitlines() if "appliance.service" in line and "not executable" not in line]
    assert not noise, noise


def test_deb_conffile_names_every_option(w):
    assert (unpacked(w) / "DEBIAN/conffiles").read_text().split() == ["/etc/appliance/config.yaml"]
    text = (unpacked(w) / "etc/appliance/config.yaml").read_text()
    assert all(line.startswith("#") or not line for line in text.splitlines()), "a default is set"
    named = set(re.findall(r"^#([a-z][a-z-]+):", text, re.M))
    flags = set(re.findall(r"^  --([a-z-]+)", run(BINARY, "server", "--help").stdout, re.M)) - {"config"}
    assert named == flags, named ^ flags


def test_deb_sysctl_and_modules(w):
    sysctl = (unpacked(w) / "usr/lib/sysctl.d/60-appliance.conf").read_text()
    assert re.search(r"^-fs\.inotify\.max_user_instances = \d+$", sysctl, re.M)
    modules = [line for line in (unpacked(w) / "usr/lib/modules-load.d/appliance.conf").read_text().splitlines() if not line.startswith("#")]
    assert {"overlay", "erofs", "nf_tables"} <= set(modules)


def test_deb_completions(w):
    share = unpacked(w) / "usr/share"
    bash = share / "bash-completion/completions/appliance"
    words = run("bash", "-c", f". {bash}; COMP_WORDS=(appliance uninst); COMP_CWORD=1; _appliance; echo ${{COMPREPLY[@]}}").stdout.split()
    assert words == ["uninstall"], words
    assert (share / "zsh/vendor-completions/_appliance").read_text().startswith("#compdef appliance\n")
    assert "complete -c appliance" in (share / "fish/vendor_completions.d/appliance.fish").read_text()


def test_deb_copyright_and_changelog(w):
    doc = unpacked(w) / "usr/share/doc/appliance"
    text = (doc / "copyright").read_text()
    stanzas = [dict(re.findall(r"^([A-Z][A-Za-z-]+):[ ]*(.*)", block, re.M)) for block in re.split(r"\n\n+", text)]
    assert stanzas[0]["Format"].startswith("https://www.debian.org/doc/packaging-manuals/copyright-format/1.0")
    for library in LIBRARIES:
        assert any(s.get("Files", "").startswith(library + "/") and "Copyright" in s and "License" in s for s in stanzas), library
    changelog = run("zcat", doc / "changelog.gz").stdout
    assert changelog.startswith("appliance (0.1.0) ") and "  * First light" in changelog


def test_deb_lintian(w):
    done = run("lintian", "--allow-root", "--fail-on", "error,warning", w.deb, check=False)
    found = [line for line in (done.stdout + done.stderr).splitlines() if line[:2] in ("E:", "W:")]
    assert done.returncode == 0 and not found, done.stdout + done.stderr
    overrides = (unpacked(w) / "usr/share/lintian/overrides/appliance").read_text()
    assert re.search(r"^# .+\n(# .+\n)*appliance: statically-linked-binary", overrides, re.M), overrides


# -- the same bytes everywhere
def folders(w):
    """Two copies of what the package scripts read, in folders of different length, the second of another user."""
    one, two = w.home / "one", w.home / "another-folder"
    if not one.exists():
        one.mkdir()
        for name in ["scripts", "packaging", "docs", "CHANGELOG.md", "CMakeLists.txt"]:
            run("cp", "-r", ROOT / name, one)
        shutil.copy(BINARY, one / "appliance")
        run("cp", "-r", one, two)
        run("chown", "-R", "65534:65534", two)
        run("chmod", "-R", "u=rwX,go=", two)
    return one, two


def same_bytes(w, kind):
    one, two = folders(w)
    epoch = "1700000000"
    first = build(kind, one / "out", one, TZ="America/St_Johns", LANG="C.UTF-8", SOURCE_DATE_EPOCH=epoch, BINARY=str(one / "appliance"))
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-C", "/", "bash", "-c", 'umask 077; exec "$@"', "-"]
    second = build(kind, two / "out", two, user, TZ="Asia/Tokyo", LANG="de_DE.UTF-8", HOME="/nonexistent", SOURCE_DATE_EPOCH=epoch, BINARY=str(two / "appliance"))
    assert first.stat().st_uid != second.stat().st_uid
    assert first.read_bytes() == second.read_bytes(), f"{kind}: differs\n" + run("cmp", first, second, check=False).stdout


def test_deb_same_bytes_from_two_folders_users_and_time_zones(w):
    same_bytes(w, "deb")


def test_rpm_same_bytes_from_two_folders_users_and_time_zones(w):
    same_bytes(w, "rpm")


# Sources that put paths into their objects (checks, names of lambdas), and the program for containers.
OBJECTS = ["CMakeFiles/base.dir/pkg/base/random.cc.o", "CMakeFiles/base.dir/pkg/base/executor.cc.o", "CMakeFiles/net_http.dir/pkg/net/http/tls_transport.cc.o",
           "CMakeFiles/runtime_stage.dir/pkg/runtime/stage/embedded.S.o", "embedded/stage"]


def test_objects_same_bytes_from_two_folders_with_and_without_ccache(w):
    """The executable is too long to build twice in each run: a sample of its objects, built anew in another folder without
    ccache, against those it was linked from. `APP_FULL=1` builds it all and compares the executables."""
    built = BINARY.parent
    other = w.home / "a/rather/long/folder/for/sources"
    other.mkdir(parents=True)
    for name in ["CMakeLists.txt", "CMakePresets.json", "cmake", "cmd", "pkg", "scripts", "tests", ".git"]:
        if (ROOT / name).exists():
            run("cp", "-r", ROOT / name, other)
    (other / "build").mkdir()
    run("cp", "-r", ROOT / "build/third_party", other / "build")
    run("cmake", "--preset", "release", "-DAPP_CCACHE=OFF", cwd=other)
    full = bool(os.environ.get("APP_FULL"))
    run("nice", "ninja", "-C", other / "build/release", "-j2", *(["appliance"] if full else OBJECTS), timeout=7200, env=dict(os.environ, CCACHE_DISABLE="1"))
    for name in ["appliance"] if full else OBJECTS:
        assert digest(other / "build/release" / name) == digest(built / name), name
    assert str(ROOT).encode() not in BINARY.read_bytes()


# -- the machine
def files(m):
    """Every file of the machine's disk, but for the books: type, mode, owner, and for files their bytes."""
    found = {}
    for folder, names, plain in os.walk(m.root):
        names.sort()
        for name in names + plain:
            path = pathlib.Path(folder) / name
            short = str(path.relative_to(m.root))
            if short.startswith(BOOKS) and not short.startswith(LOGS_OF_PODS):
                continue
            st = path.lstat()
            found[short] = (st.st_mode, st.st_uid, st.st_gid, os.readlink(path) if path.is_symlink() else hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else "")
    return found


def surroundings(m):
    """What is not on the disk: run folder, home, links, tables, mounts, groups, processes."""
    return {
        "run": sorted(p for p in m.shell("find /run /root/.kube -xdev 2>/dev/null | grep -v '^/run/systemd\\|^/run/log\\|^/run/credentials\\|^/run/udev\\|^/run/host'", check=False).stdout.splitlines()),
        "links": m.run("ip", "-4", "-o", "addr").stdout,
        "routes": m.run("ip", "route").stdout,
        "forward": m.run("cat", "/proc/sys/net/ipv4/ip_forward").stdout,
        "mounts": sorted(line.split()[1] for line in m.run("cat", "/proc/self/mounts").stdout.splitlines() if "/run/credentials" not in line),
        "groups": sorted(p.name for g in m.groups for p in g.rglob("kubepods*")),
        "unit": m.run("systemctl", "list-unit-files", "--no-legend", "appliance*", check=False).stdout,
        "tables": run("nsenter", "-t", m.leader, "-n", "nft", "list", "tables", check=False).stdout,
    }


def demo_pods(m):
    """Processes of the demo's containers: pid and start time, as the machine sees them."""
    out = m.shell("for p in $(pgrep -f '^/appliance demo-server'); do echo $p $(cut -d' ' -f22 /proc/$p/stat); done", check=False).stdout
    return sorted(out.splitlines())


def state(m):
    return m.run("systemctl", "show", "--value", "-p", "ActiveState", "appliance").stdout.strip()


def server_pid(m):
    return int(m.run("systemctl", "show", "--value", "-p", "MainPID", "appliance").stdout)


def answers(m):
    return eventually("the demo answers", lambda: "appliance demo" in m.curl(f"http://{m.ip}:{NODE_PORT}/").stdout)


def test_install_starts_nothing(w):
    m = w.machine = Userland("package")
    m.shell("echo ada:x:1000:1000::/home/ada:/bin/sh >>/etc/passwd; mkdir /home/ada; chown 1000:1000 /home/ada")
    w.files, w.surroundings = files(m), surroundings(m)
    m.run("dpkg", "-i", m.give(w.deb))
    assert state(m) == "inactive"
    assert m.run("systemctl", "is-enabled", "appliance", check=False).stdout.strip() == "disabled"
    assert m.run("ps", "-C", "appliance", check=False).returncode == 1


def test_up_refuses_what_the_unit_would_not_use(w):
    m = w.machine
    done = m.run("appliance", "up", "--https-listen-port", "7443", check=False)
    assert done.returncode == 1 and "https-listen-port: 7443" in done.stderr and "/etc/appliance/config.yaml" in done.stderr, done
    done = m.run("env", "APPLIANCE_LOG_LEVEL=debug", "appliance", "up", check=False)
    assert done.returncode == 1 and "log-level: debug" in done.stderr, done
    assert state(m) == "inactive"


def test_up_says_why_the_unit_does_not_start(w):
    m = w.machine
    folder = m.root / "etc/systemd/system/appliance.service.d"
    folder.mkdir()
    (folder / "broken.conf").write_text("[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo this is why; exit 3'\n")
    m.run("systemctl", "daemon-reload")
    done = m.run("appliance", "up", check=False)
    assert done.returncode == 1 and "this is why" in done.stderr, done
    assert state(m) in ("inactive", "failed"), "systemd goes on trying behind a person's back"
    assert m.run("systemctl", "is-enabled", "appliance", check=False).stdout.strip() == "disabled"
    shutil.rmtree(folder)
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "reset-failed", "appliance", check=False)


def test_up_starts_the_unit_and_the_demo_answers(w):
    m = w.machine
    run("sed", "-i", "s/^#log-format: text/log-format: json/", m.root / "etc/appliance/config.yaml")  # an operator's change
    done = m.run("appliance", "up")
    assert "started by systemd" in done.stdout and "journalctl -u appliance" in done.stdout, done.stdout
    answers(m)
    assert state(m) == "active"
    assert m.run("systemctl", "is-enabled", "appliance").stdout.strip() == "enabled"
    assert '\n{"' in m.run("journalctl", "-u", "appliance", "-o", "cat").stdout, "the file was not read"
    again = m.run("appliance", "up").stdout
    assert "Nothing to do" in again, again


def test_server_has_a_subgroup_of_its_own(w):
    m = w.machine
    groups = m.run("cat", f"/proc/{server_pid(m)}/cgroup").stdout
    assert "0::/system.slice/appliance.service/server" in groups, groups
    for pod in demo_pods(m):
        assert "0::/kubepods/" in m.run("cat", f"/proc/{pod.split()[0]}/cgroup").stdout


def test_killed_server_comes_back_and_pods_go_on(w):
    m = w.machine
    pods, pid = demo_pods(m), server_pid(m)
    assert len(pods) == 2
    m.run("kill", "-9", pid)
    eventually("systemd starts it again", lambda: state(m) == "active" and server_pid(m) not in (0, pid))
    assert demo_pods(m) == pods


def test_upgrade_restarts_the_server_and_no_pod(w):
    m = w.machine
    pods, pid, stop = demo_pods(m), server_pid(m), w.home / "stop"
    script = f"while [ ! -e '{stop}' ]; do curl -sS --fail --max-time 3 -o /dev/null http://{m.ip}:{NODE_PORT}/ && echo ok || echo FAILED; done"
    client = subprocess.Popen(m.client_argv("sh", "-c", script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        m.run("dpkg", "-i", m.give(w.next_deb))
        eventually("the new server", lambda: state(m) == "active" and server_pid(m) not in (0, pid))
        m.run("appliance", "status")
    finally:
        stop.write_text("")
        out = client.communicate(timeout=30)[0].split("\n")
    assert out.count("ok") > 50 and not [line for line in out if line not in ("ok", "")], (out.count("ok"), [line for line in out if line != "ok"][:5])
    assert m.run("sha256sum", f"/proc/{server_pid(m)}/exe").stdout.split()[0] == digest(w.next_binary)
    assert demo_pods(m) == pods
    assert m.run("dpkg-query", "-W", "-f", "${Version} ${Status}", "appliance").stdout == "0.1.1 install ok installed"
    assert "\nlog-format: json\n" in (m.root / "etc/appliance/config.yaml").read_text(), "the operator's change is gone"


def test_down_stays_down(w):
    m = w.machine
    m.run("appliance", "down")
    assert m.run("systemctl", "show", "--value", "-p", "SubState", "appliance").stdout.strip() == "dead"
    assert demo_pods(m) == []
    assert m.run("systemctl", "is-enabled", "appliance", check=False).stdout.strip() == "disabled"
    assert "Nothing to do" in m.run("appliance", "down").stdout
    # RestartSec is one second: whatever was going to start it again would have by then.
    journal = m.run("journalctl", "-u", "appliance", "-o", "cat").stdout
    assert "Scheduled restart job" not in journal.split("stopped")[-1], journal[-600:]
    m.run("appliance", "up")
    answers(m)


def test_reboot_starts_it_again(w):
    m = w.machine
    m.power_off()
    m.boot()
    eventually("the unit", lambda: state(m) == "active")
    answers(m)
    assert len(demo_pods(m)) == 2


def test_remove_stops_pods_and_keeps_data(w):
    m = w.machine
    m.run("appliance", "down", "--keep-pods")
    assert len(demo_pods(m)) == 2, "pods outlive `down --keep-pods`"
    m.run("dpkg", "-r", "appliance")
    assert demo_pods(m) == [] and not (m.root / "usr/bin/appliance").exists()
    assert m.run("pgrep", "-f", "stage supervisor", check=False).stdout == ""
    assert (m.root / "var/lib/appliance/store").is_dir() and (m.root / "etc/appliance/config.yaml").exists()
    m.run("dpkg", "-i", "/root/" + w.next_deb.name)
    m.run("appliance", "up")
    answers(m)


def test_uninstall_stops_the_unit_and_keeps_the_package(w):
    m = w.machine
    m.run("appliance", "uninstall", "--yes")
    assert state(m) == "inactive" and demo_pods(m) == []
    assert m.run("systemctl", "is-enabled", "appliance", check=False).stdout.strip() == "disabled"
    assert not (m.root / "var/lib/appliance").exists() and (m.root / "usr/bin/appliance").exists()
    m.run("appliance", "up")
    answers(m)


def test_purge_leaves_nothing(w):
    m = w.machine
    m.run("env", "-u", "HOME", "SUDO_UID=1000", "SUDO_GID=1000", "appliance", "up")  # as somebody behind sudo; the purge is root's
    kubeconfig = m.root / "home/ada/.kube/config"
    assert kubeconfig.stat().st_uid == 1000 and "name: appliance" in kubeconfig.read_text()
    m.run("dpkg", "-P", "appliance")
    after, around = files(m), surroundings(m)
    assert after == w.files, {k: (w.files.get(k), after.get(k)) for k in w.files.keys() | after.keys() if w.files.get(k) != after.get(k)}
    assert around == w.surroundings, {k: (w.surroundings[k], around[k]) for k in around if around[k] != w.surroundings[k]}
    assert m.run("dpkg", "-s", "appliance", check=False).returncode == 1
    m.close()
    w.machine = None


def test_join_and_leave_go_through_the_unit(w):
    one = two = None
    try:
        one, two = Userland("server"), Userland("worker")
        w.machine = two
        one.route_to(two)
        for m in (one, two):
            m.run("dpkg", "-i", m.give(w.deb))
        one.run("appliance", "up", "--no-demo")
        command = next(line.strip() for line in one.run("appliance", "token", "create").stdout.splitlines() if "appliance join" in line).split()
        command = command[command.index("appliance"):]
        refused = two.run(*command, "--log-level", "debug", check=False)
        assert refused.returncode == 1 and "log-level: debug" in refused.stderr, refused
        joined = two.run(*command, "--node-name", "w1").stdout
        assert "started by systemd" in joined, joined
        assert state(two) == "active" and two.run("systemctl", "is-enabled", "appliance").stdout.strip() == "enabled"
        eventually("the worker is Ready", lambda: [line.split()[1] for line in one.run("appliance", "get", "nodes").stdout.splitlines() if line.startswith("w1 ")] == ["Ready"])
        pid = server_pid(two)
        two.run("dpkg", "-i", two.give(w.next_deb))
        eventually("the upgraded worker", lambda: state(two) == "active" and server_pid(two) not in (0, pid))
        two.run("appliance", "leave")
        assert state(two) == "inactive"
        assert "w1 " not in one.run("appliance", "get", "nodes").stdout
    finally:
        w.machine = None
        for m in (one, two):
            if m:
                m.close()


# -- an upgrade that is killed
STEPS = """#!/bin/bash
# In the place of /bin/sh: a maintainer script of appliance is walked through command by command, and at the wanted one it
# and the dpkg that called it are killed.
if [[ -n $DPKG_MAINTSCRIPT_PACKAGE && -e /run/kill-at && -f $1 ]]; then
  exec /bin/bash --posix -c '
    step() {
      local n=0
      [[ -s /run/steps ]] && n=$(wc -l </run/steps)
      echo "$DPKG_MAINTSCRIPT_NAME: $1" >>/run/steps
      if ((n == $(</run/kill-at))); then kill -9 $PPID $$; fi
    }
    script=$1; shift
    set -T
    trap "step \\"\\$BASH_COMMAND\\"" DEBUG
    . "$script" "$@"' sh "$@"
fi
exec /bin/dash "$@"
"""
STEPS_MAX = 60


def test_upgrade_killed_at_each_step_ends_well_when_run_again(w):
    m = w.machine = Userland("interrupted")
    try:
        debs = {"0.1.0": m.give(w.deb), "0.1.1": m.give(w.next_deb)}
        digests = {"0.1.0": digest(BINARY), "0.1.1": digest(w.next_binary)}
        m.run("dpkg", "-i", debs["0.1.0"])
        m.run("appliance", "up")
        answers(m)
        pods, version, killed = demo_pods(m), "0.1.0", []
        assert len(pods) == 2
        shell = m.root / "usr/bin/sh"
        shell.unlink()
        shell.write_text(STEPS)
        shell.chmod(0o755)
        for step in range(STEPS_MAX):
            version = "0.1.1" if version == "0.1.0" else "0.1.0"
            (m.run("sh", "-c", f"rm -f /run/steps; echo {step} >/run/kill-at"))
            first = m.run("dpkg", "-i", debs[version], check=False)
            steps = m.run("cat", "/run/steps").stdout.splitlines()
            m.run("rm", "/run/kill-at")
            if first.returncode == 0:
                assert len(steps) == step, (steps, step)
                break
            assert first.returncode == -9 and len(steps) == step + 1, (first, steps)
            killed.append(steps[-1])
            m.run("dpkg", "-i", debs[version])
            assert m.run("dpkg-query", "-W", "-f", "${Version} ${Status}", "appliance").stdout == f"{version} install ok installed", killed[-1]
            assert m.run("dpkg", "--audit").stdout == "", killed[-1]
            eventually(f"the new server after a kill at {killed[-1]}", lambda: state(m) == "active" and m.run("sha256sum", f"/proc/{server_pid(m)}/exe").stdout.split()[0] == digests[version])
            assert demo_pods(m) == pods, killed[-1]
            answers(m)
        else:
            raise Failed(f"more than {STEPS_MAX} steps")
        scripts = {k.split(":")[0] for k in killed}
        assert scripts == {"prerm", "postrm", "postinst"} and any("try-restart" in k for k in killed), killed
        print(f"    killed at {len(killed)} steps")
    finally:
        m.close()
        w.machine = None


# -- the .rpm
def test_rpm_install_verify_erase(w):
    root = copy_of_rootfs(w.home / "rpm-root")
    rpm = build("rpm", w.home, VERSION="0.1.0")
    newer = build("rpm", w.home, VERSION="0.1.1", BINARY=str(w.next_binary))

    def tree():
        return {str(p.relative_to(root)): (p.lstat().st_mode, p.lstat().st_uid, "" if p.is_symlink() or not p.is_file() else digest(p)) for p in root.rglob("*") if ".rpmdb" not in str(p)}

    run("rpm", "--root", root, "--initdb")
    (root / "usr/share/licenses").mkdir()  # of the distribution's package `filesystem`
    before = tree()
    run("rpm", "--root", root, "--nodeps", "-i", rpm)  # the root is Debian's: no rpm provides its /bin/sh
    assert digest(root / "usr/bin/appliance") == digest(BINARY)
    assert run("rpm", "--root", root, "--nodeps", "-V", "appliance").stdout == ""
    assert run("rpm", "--root", root, "-qc", "appliance").stdout.split() == ["/etc/appliance/config.yaml"]
    listed = set(run("rpm", "--root", root, "-ql", "appliance").stdout.split())
    for path in ["/usr/lib/systemd/system/appliance.service", "/usr/lib/sysctl.d/60-appliance.conf", "/usr/lib/modules-load.d/appliance.conf", "/usr/share/licenses/appliance/copyright",
                 "/usr/share/bash-completion/completions/appliance", "/usr/share/zsh/site-functions/_appliance", "/usr/share/fish/vendor_completions.d/appliance.fish"]:
        assert path in listed, path
    assert "First light" in run("rpm", "--root", root, "-q", "--changelog", "appliance").stdout
    (root / "etc/appliance/config.yaml").write_text("log-format: json\n")
    run("rpm", "--root", root, "--nodeps", "-U", newer)
    assert digest(root / "usr/bin/appliance") == digest(w.next_binary)
    assert (root / "etc/appliance/config.yaml").read_text() == "log-format: json\n", "the operator's change is gone"
    run("rpm", "--root", root, "-e", "appliance")
    assert (root / "etc/appliance/config.yaml.rpmsave").exists()
    shutil.rmtree(root / "etc/appliance")
    after = tree()
    assert after == before, {k: (before.get(k), after.get(k)) for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
