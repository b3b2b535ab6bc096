"""The Debian package where most people have it: Debian's kernel and systemd on a disk of their own, control groups as the pure version 2
tree, modules that load by our snippet. The machine is emulated (QEMU, no KVM): slow, so it does all of its life in one go, as a script
that systemd runs at boot, and the tests judge what it noted."""
import os, pathlib, re, selectors, shutil, subprocess, tempfile, time

from e2e.harness import BINARY, Failed, ROOT, run
from e2e.package_e2e import build
from e2e.userland import copy_of_rootfs
from vm import initramfs

BOOT_MODULES = ["virtio_pci", "virtio_blk", "ext4", "crc32c_generic"]
LIFE_S = 900  # emulated, on a busy machine of two cores
INIT = b"""#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /lib/modules/load); do /bin/busybox insmod $module; done
/bin/busybox mount -t ext4 /dev/vda /root && exec /bin/busybox switch_root /root /sbin/init
"""
LIFE = r"""#!/bin/bash
# Each step notes `name: value` on the console; what is wrong is for the test to say.
note() { echo "NOTE $1: $(echo $2)" >/dev/ttyS0; }
pods() { for p in $(pgrep -f '^/appliance demo-server'); do echo $p; done | sort; }
server() { systemctl show --value -p MainPID appliance; }
page() { for i in $(seq 100); do curl -s --max-time 5 http://127.0.0.1:30080/ | grep -o 'appliance demo' | head -1 && return; sleep 0.1; done; }
note tree "$(stat -fc %T /sys/fs/cgroup)"
note install "$(dpkg -i /root/one.deb >/root/log 2>&1; echo $?)"
note modules "$(grep -c '^overlay\|^erofs\|^nf_tables' /proc/modules)"
note inotify "$(cat /proc/sys/fs/inotify/max_user_instances)"
note up "$(appliance up >/root/up 2>&1; echo $?)"
note page "$(page)"
note group "$(cat /proc/$(server)/cgroup)"
note podgroup "$(for p in $(pods); do cut -d/ -f2 /proc/$p/cgroup; done | sort -u)"
before=$(pods) old=$(server)
note count "$(echo "$before" | wc -l)"
note upgrade "$(dpkg -i /root/two.deb >/root/log 2>&1; echo $?)"
note samepods "$([ "$before" = "$(pods)" ] && echo yes)"
note newserver "$([ "$old" != "$(server)" ] && [ "$(server)" != 0 ] && echo yes)"
note pageagain "$(page)"
systemctl stop appliance
systemctl daemon-reload
systemctl start systemd-tmpfiles-clean.service
note stoppedpods "$([ "$before" = "$(pods)" ] && echo yes)"
note limits "$(tr ' ' '\n' </sys/fs/cgroup/kubepods/cgroup.controllers | grep -c '^cpu$\|^memory$\|^pids$')"
systemctl start appliance
note readopted "$([ "$before" = "$(pods)" ] && echo yes)"
note purge "$(dpkg -P appliance >/root/log 2>&1; echo $?)"
note left "$(ls -d /sys/fs/cgroup/kubepods* /var/lib/appliance* /run/appliance /etc/appliance /var/log/pods 2>/dev/null; pods; pgrep -f 'stage supervisor')"
note failed "$(systemctl --failed --no-legend --plain | cut -d' ' -f1)"
note end "$(tail -3 /root/up /root/log)"
systemctl poweroff --no-block
"""


def disk(home):
    """The userland with kernel modules, two versions of the package and the script, as an ext4 image; kernel and initrd beside it."""
    kernel, modules = run(ROOT / "scripts/fetch-vm-kernel", timeout=300).stdout.split()
    root = copy_of_rootfs(home / "root")
    run("cp", "-a", modules, root / "lib/modules/") if (root / "lib/modules").is_dir() else shutil.copytree(modules, root / "lib/modules" / pathlib.Path(modules).name)
    run("chroot", root, "depmod", pathlib.Path(modules).name)
    shutil.copy(build("deb", home, VERSION="0.1.0"), root / "root/one.deb")
    shutil.copy(build("deb", home, VERSION="0.1.1"), root / "root/two.deb")
    (root / "root/life").write_text(LIFE)
    (root / "root/life").chmod(0o755)
    (root / "etc/hostname").write_text("machine\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost machine\n")
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (root / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 0\n")
    units = root / "etc/systemd/system"
    (units / "life.service").write_text("[Unit]\nAfter=multi-user.target\n[Service]\nType=exec\nEnvironment=HOME=/root DEBIAN_FRONTEND=noninteractive\nExecStart=/root/life\n")
    (units / "graphical.target.wants").mkdir(exist_ok=True)
    (units / "graphical.target.wants/life.service").symlink_to("../life.service")
    run("mke2fs", "-q", "-t", "ext4", "-d", root, "-r", "1", "-N", "60000", home / "disk", "2G", timeout=120)
    shutil.rmtree(root)
    content, load = {"init": (0o755, INIT), "bin/busybox": (0o755, pathlib.Path("/bin/busybox").read_bytes())}, []
    for path in initramfs.module_closure(modules, BOOT_MODULES):
        load.append(f"lib/modules/{path.name}")
        content[load[-1]] = (0o644, path.read_bytes())
    content["lib/modules/load"] = (0o644, "".join(f"/{name}\n" for name in load).encode())
    with open(home / "initrd", "wb") as out:
        for folder in ["bin", "dev", "lib", "lib/modules", "root"]:
            out.write(initramfs.entry(folder, 0o040755))
        out.write(initramfs.entry("dev/console", 0o020600, b"", 5, 1))
        for name, (mode, data) in content.items():
            out.write(initramfs.entry(name, 0o100000 | mode, data))
        out.write(initramfs.entry("TRAILER!!!", 0))
    return kernel


class Life:
    """What the machine noted, and its console."""

    def __init__(self):
        self.notes, self.console = {}, ""
        home = pathlib.Path(tempfile.mkdtemp(prefix="appliance-e2e-package-vm-"))
        try:
            kernel = disk(home)
            start = time.monotonic()
            vm = subprocess.Popen(["qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "1536", "-display", "none", "-nic", "none", "-no-reboot", "-kernel", kernel, "-initrd", home / "initrd",
                                   "-drive", f"file={home}/disk,format=raw,if=virtio,cache=unsafe", "-append", "console=ttyS0 panic=-1 loglevel=1 systemd.show_status=no", "-serial", "stdio"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                self._read(vm, start + LIFE_S)
            finally:
                vm.kill()
                vm.wait()
            print(f"  machine: its life took {time.monotonic() - start:.0f} s", flush=True)
        finally:
            shutil.rmtree(home, ignore_errors=True)

    def _read(self, vm, deadline):
        events = selectors.DefaultSelector()
        events.register(vm.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline and events.select(deadline - time.monotonic()):
            piece = vm.stdout.read1(65536)
            if not piece:
                break
            self.console += piece.decode(errors="replace").replace("\r", "")
        self.notes = dict(re.findall(r"NOTE (\w+): ?(.*)", self.console))

    def expect(self, **wanted):
        found = {name: self.notes.get(name) for name in wanted}
        assert found == wanted, (found, self.console[-3000:])

    def explain(self):
        return self.console[-3000:]


def setup():
    return Life()


def test_pure_v2_install_and_up(life):
    life.expect(tree="cgroup2fs", install="0", up="0", page="appliance demo", count="2", podgroup="kubepods")


def test_pure_v2_snippets_are_applied(life):
    life.expect(modules="3", inotify="8192")


def test_pure_v2_server_has_a_subgroup_of_its_own(life):
    life.expect(group="0::/system.slice/appliance.service/server")


def test_pure_v2_upgrade_restarts_no_pod(life):
    life.expect(upgrade="0", samepods="yes", newserver="yes", pageagain="appliance demo")


def test_pure_v2_pods_outlive_the_stopped_unit_with_their_limits(life):
    life.expect(stoppedpods="yes", limits="3", readopted="yes")


def test_pure_v2_purge_leaves_nothing(life):
    life.expect(purge="0", left="", failed="")
