"""tidy: who may include whom, from one table; and the homes of third-party headers."""
import pathlib, re, sys

# Folder -> what it may include of ours (besides itself). Prefixes of paths below pkg/.
LAYERS = {
    "base": [],
    "net": ["base"],
    "store": ["base", "net"],
    "runtime": ["base", "net"],
    "orchestrator": ["base", "net", "store/kv.h", "runtime/cri", "runtime/image/image_store.h"],
    "node": ["base", "net", "store", "runtime", "orchestrator"],
}
# Narrower doors inside the layers: folder -> the only outside paths it may see.
DOORS = {
    "store/raft": ["base", "store/wal/types.h"], "store/wal": ["base"], "store/transport": ["base", "store/raft"], "store/mvcc": ["base", "store/kv.h"],
    "runtime/oci": ["base"],
    "orchestrator/api": ["base"],
    "orchestrator/client": ["base", "net", "orchestrator/api"],
    "orchestrator/apiserver": ["base", "net", "store/kv.h", "orchestrator/api", "orchestrator/client"],
    "orchestrator/controllers": ["base", "net/netlink/ip.h", "orchestrator/api", "orchestrator/client"],
    "orchestrator/scheduler": ["base", "orchestrator/api", "orchestrator/client", "orchestrator/controllers"],
    "orchestrator/podnet": ["base", "net"],
    "orchestrator/proxy": ["base", "net", "orchestrator/api", "orchestrator/client"],
    "orchestrator/dns": ["base", "net", "orchestrator/api", "orchestrator/client"],
    "orchestrator/kubelet": ["base", "net", "orchestrator/api", "orchestrator/client", "orchestrator/podnet/podnet.h", "orchestrator/dns/pod_resolv.h",
                             "runtime/cri", "runtime/image/image_store.h"],
}
# Tests and test helpers may reach further: a fake or a real neighbour.
HOMES = [
    (r"openssl/", ["base/crypto", "net/tls", "net/http"]), (r"sqlite3\.h", ["base/sqlite"]), (r"boost/json", ["base/json"]),
    (r"yaml-cpp/", ["base/yaml"]), (r"(zlib|zstd|libdeflate)\.h", ["base/compress"]), (r"boost/(asio|beast)", ["net"]),
    (r"httplib\.h", ["net/http"]), (r"ares\.h", ["net/dns"]), (r"seccomp\.h", ["runtime/seccomp"]), (r"sys/capability\.h", ["runtime/caps"]),
    (r"CLI/", ["cmd/appliance/args.cc"]), (r"nghttp2/", ["net/http"]),
]
# Public headers must not drag these in: a header of net may only be a private one that no other module includes.
HEAVY = re.compile(r"boost/(asio|beast)|CLI/|httplib\.h")
PRIVATE_HEAVY = {"net/loop/asio.h"}

root = pathlib.Path.cwd()
problems = []
include = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def allowed(path, prefixes):
    return any(path == p or path.startswith(p + "/") for p in prefixes)


def is_test(path):
    return path.endswith("_test.cc") or "/testing/" in path or "fake_" in path or "_conformance" in path


headers = {}
for file in sorted([*root.glob("pkg/**/*.h"), *root.glob("pkg/**/*.cc"), *root.glob("cmd/**/*.h"), *root.glob("cmd/**/*.cc")]):
    where = str(file.relative_to(root))
    inside = where.removeprefix("pkg/")
    included = include.findall(file.read_text())
    headers[inside] = included
    top = inside.split("/")[0]
    for path in included:
        for pattern, homes in HOMES:
            if re.match(pattern, path) and not allowed(inside, homes):
                problems.append(f"{where}: <{path}> has its home in {', '.join(homes)}")
        if not (root / "pkg" / path).exists() or where.startswith("cmd/") or is_test(inside):
            continue
        if not allowed(path, LAYERS.get(top, []) + [top]):
            problems.append(f"{where}: {top} may not include {path}")
        for folder, doors in DOORS.items():
            if inside.startswith(folder + "/") and not allowed(path, doors + [folder]):
                problems.append(f"{where}: {folder} may not include {path}")

heavy_headers = {h for h, inc in headers.items() if h.endswith(".h") and any(HEAVY.match(i) for i in inc)}
grown = True
while grown:
    grown = False
    for h, inc in headers.items():
        if h.endswith(".h") and h not in heavy_headers and any(i in heavy_headers for i in inc):
            heavy_headers.add(h)
            grown = True
for user, inc in headers.items():
    for h in heavy_headers & set(inc):
        if user.split("/")[:2] != h.split("/")[:2] and h not in PRIVATE_HEAVY:
            problems.append(f"{user}: includes {h}, which brings Asio, Beast, CLI11 or httplib with it")
        if h in PRIVATE_HEAVY and not user.startswith("net/"):
            problems.append(f"{user}: {h} is for net only")
print("\n".join(problems))
sys.exit(1 if problems else 0)
