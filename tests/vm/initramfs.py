"""An initial RAM file system (cpio, "newc") that boots Debian's kernel into our binary: /init, the kernel modules that it needs with
the order to load them in (/lib/modules/load), and files of the caller's.

    write(target, binary, modules_dir, ["overlay", "nf_tables"], {"/etc/pods.yaml": b"..."})
"""
import pathlib, re, stat


def entry(name, mode, data=b"", major=0, minor=0, inode=[0]):
    inode[0] += 1
    fields = [inode[0], mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def module_closure(modules_dir, wanted):
    """Files of the modules, each after those that it depends on. What is built in has no file and needs none."""
    files = {p.name.split(".ko")[0].replace("-", "_"): p for p in pathlib.Path(modules_dir).rglob("*.ko")}
    builtin = {pathlib.Path(l).stem.replace("-", "_") for l in (pathlib.Path(modules_dir) / "modules.builtin").read_text().split()}
    order = []

    def add(name):
        if name in builtin or files.get(name) in order:
            return
        if name not in files:
            raise SystemExit(f"kernel module {name}: neither built in nor in {modules_dir}")
        for other in re.search(rb"\0depends=([^\0]*)\0", files[name].read_bytes())[1].decode().split(","):
            if other:
                add(other.replace("-", "_"))
        order.append(files[name])
    for name in wanted:
        add(name)
    return order


def write(target, binary, modules_dir, modules, files):
    content = {"/init": (0o755, pathlib.Path(binary).read_bytes())}
    load = []
    for path in module_closure(modules_dir, modules):
        load.append(f"/lib/modules/{path.name}")
        content[load[-1]] = (0o644, path.read_bytes())
    content["/lib/modules/load"] = (0o644, "".join(l + "\n" for l in load).encode())
    content.update({name: (0o644, data) for name, data in files.items()})
    folders = {"/dev"} | {str(parent) for name in content for parent in pathlib.PurePosixPath(name).parents if str(parent) != "/"}
    with open(target, "wb") as out:
        for folder in sorted(folders):
            out.write(entry(folder[1:], stat.S_IFDIR | 0o755))
        out.write(entry("dev/console", stat.S_IFCHR | 0o600, b"", 5, 1))
        for name, (mode, data) in content.items():
            out.write(entry(name[1:], stat.S_IFREG | mode, data))
        out.write(entry("TRAILER!!!", 0))
