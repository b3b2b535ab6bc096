"""A machine in QEMU (no KVM needed) whose kernel is Debian's and whose first process is our binary. Its console takes verbs.

    vm = Machine(binary, {"/etc/pods.yaml": text})
    code, output = vm.verb("get pods")
    vm.close()
"""
import pathlib, re, selectors, shutil, subprocess, tempfile, time

from vm import initramfs

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What pods and services need, where Debian builds it as modules; nft_* are the expressions that our rules are made of.
MODULES = ["loop", "overlay", "erofs", "veth", "nf_tables", "nft_chain_nat", "nft_ct", "nft_masq", "nft_nat", "nft_numgen", "nft_fib_inet",
           "nft_fib_ipv4", "nft_reject_inet", "nft_reject_ipv4", "nf_conntrack_netlink", "crc32c_generic"]
# loglevel=1: the kernel says what happens (a kill for memory) on the same line that verbs answer on; a panic still shows.
KERNEL_LINE = "rdinit=/init console=ttyS0 panic=-1 loglevel=1 -- --console-verbs --no-demo --server-log=/dev/ttyS1"


class Machine:
    def __init__(self, binary, files, memory_mib=1024):
        kernel, modules = subprocess.run([str(ROOT / "scripts/fetch-vm-kernel")], check=True, capture_output=True, text=True, timeout=300).stdout.split()
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="appliance-vm-"))
        self.console, self.server_log, self.process = "", self.home / "server.log", None
        initrd = self.home / "initrd"
        initramfs.write(initrd, binary, modules, MODULES, files)
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", str(memory_mib), "-display", "none", "-nic", "none", "-no-reboot",
             "-kernel", kernel, "-initrd", str(initrd), "-append", KERNEL_LINE, "-serial", "stdio", "-serial", f"file:{self.server_log}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.events = selectors.DefaultSelector()
        self.events.register(self.process.stdout, selectors.EVENT_READ)

    def read_until(self, pattern, timeout_s, start=0):
        """The match of the pattern in what the console printed from `start` on; TimeoutError carries the end of console and log."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = re.search(pattern, self.console[start:], re.M)
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0 or not self.events.select(left):
                raise TimeoutError(f"no {pattern!r} on the console within {timeout_s} s\n{self.explain()}")
            piece = self.process.stdout.read1(65536)
            if not piece:
                raise EOFError(f"the machine ended\n{self.explain()}")
            self.console += piece.decode(errors="replace").replace("\r", "")

    def send(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def verb(self, line, timeout_s=60):
        """Exit code and output of one verb."""
        start = len(self.console)
        self.send(line)
        end = self.read_until(r"^\[exit (\d+)\]\n", timeout_s, start)
        return int(end[1]), self.console[start:start + end.start()].strip()

    def wait_off(self, timeout_s=60):
        self.process.stdin.close()
        return self.process.wait(timeout_s)

    def explain(self):
        log = self.server_log.read_text(errors="replace") if self.server_log.exists() else ""
        return f"--- console\n{self.console[-4000:]}\n--- server log\n{log[-4000:]}"

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
