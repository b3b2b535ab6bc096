"""Small OCI images for tests: a layer from a dictionary of files, written as an image layout in a tar."""
import gzip, hashlib, io, json, os, pathlib, subprocess, tarfile

BUSYBOX = pathlib.Path("/bin/busybox")
APPLETS = ["sh", "cat", "ls", "echo", "sleep", "id", "nslookup", "wget", "nc", "ps", "mount", "head", "touch", "env", "hostname", "stat", "dd", "test", "true", "false", "kill", "grep", "tail", "date", "mkdir", "rm", "tr", "wc", "ping", "httpd", "readlink", "ulimit", "yes", "seq", "stty"]


def layer(files):
    """files: path -> bytes, ("link", target), ("dir", mode) or (bytes, mode)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, what in files.items():
            info = tarfile.TarInfo(path)
            info.mode, data = 0o644, None
            if isinstance(what, tuple) and what[0] == "link":
                info.type, info.linkname = tarfile.SYMTYPE, what[1]
            elif isinstance(what, tuple) and what[0] == "dir":
                info.type, info.mode = tarfile.DIRTYPE, what[1]
            else:
                data, info.mode = what if isinstance(what, tuple) else (what, 0o644)
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def archive(path, layer_bytes, config=None, architecture="amd64", tamper=None):
    """Writes an OCI image layout; returns the manifest's digest. tamper(blobs, index) may lie about things."""
    blobs = {}
    def add(data):
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"digest": f"sha256:{digest}", "size": len(data)}
    packed = gzip.compress(layer_bytes, mtime=0)
    layer_descriptor = dict(add(packed), mediaType="application/vnd.oci.image.layer.v1.tar+gzip")
    image = {"architecture": architecture, "os": "linux", "config": config or {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer_bytes).hexdigest()]}, "history": []}
    config_descriptor = dict(add(json.dumps(image).encode()), mediaType="application/vnd.oci.image.config.v1+json")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config_descriptor, "layers": [layer_descriptor]}
    manifest_descriptor = dict(add(json.dumps(manifest).encode()), mediaType=manifest["mediaType"])
    index = {"schemaVersion": 2, "manifests": [manifest_descriptor]}
    if tamper:
        tamper(blobs, index)
    with tarfile.open(path, "w") as tar:
        def put(name, data):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        put("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        put("index.json", json.dumps(index).encode())
        for digest, data in blobs.items():
            put(f"blobs/sha256/{digest}", data)
    return manifest_descriptor["digest"]


def with_libraries(*programs):
    """Programs of this machine with the libraries they load: curl asks DNS, which a static program of glibc can't."""
    files = {}
    for program in programs:
        files[program.lstrip("/")] = (pathlib.Path(program).read_bytes(), 0o755)
        for line in subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.splitlines():
            path = next((w for w in line.split() if w.startswith("/")), None)
            if path:
                files[path.lstrip("/")] = (pathlib.Path(path).read_bytes(), 0o755)
    return files


def perl_files():
    """perl-base, which every Debian has: small servers that say what a test wants to hear."""
    files = with_libraries("/usr/bin/perl")
    root = pathlib.Path("/usr/lib/x86_64-linux-gnu/perl-base")
    for path in root.rglob("*"):
        if path.is_file():
            files[str(path).lstrip("/")] = (path.read_bytes(), 0o755)
    return files


def busybox_files():
    files = {"bin": ("dir", 0o755), "tmp": ("dir", 0o1777), "etc": ("dir", 0o755), "bin/busybox": (BUSYBOX.read_bytes(), 0o755),
             "etc/passwd": b"root:x:0:0::/:/bin/sh\napp:x:1234:2345::/:/bin/sh\n", "etc/group": b"root:x:0:\napp:x:2345:\nextra:x:3456:app\n"}
    files.update({f"bin/{a}": ("link", "busybox") for a in APPLETS})
    return files


def busybox_archive(path, config=None):
    return archive(path, layer(busybox_files()), config or {"Env": ["PATH=/bin"], "Cmd": ["/bin/sh"]})


def tools_archive(path):
    """busybox, curl and perl: for tests of the network."""
    files = busybox_files() | with_libraries("/usr/bin/curl") | perl_files()
    return archive(path, layer(files), {"Env": ["PATH=/bin:/usr/bin"], "Cmd": ["/bin/sh"]})
