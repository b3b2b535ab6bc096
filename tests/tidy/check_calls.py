"""tidy: calls that this tree does not make, each with the reason."""
import pathlib, re, sys

BANNED = [
    (r"\bsystem\s*\(", "starts a shell: spawn the program itself", []),
    (r"\bpopen\s*\(", "starts a shell", []),
    (r"\bstrcpy\s*\(|\bstrcat\s*\(|\bsprintf\s*\(|\bgets\s*\(", "writes without a limit", []),
    (r"\brand\s*\(\)|\bsrand\s*\(", "randomness is an input (base/random.h)", []),
    (r"std::this_thread::sleep|\bsleep\s*\(\d|\busleep\s*\(", "no sleeping to let things settle: wait for the event",
     ["cmd/appliance/up.cc",
      "pkg/base/sqlite/vfs.cc",  # SQLite's own xSleep
      "pkg/net/http/server_test.cc",  # the subject is a client that sends a byte now and then
      # They poll, with a deadline, what tells nobody of its change:
      "pkg/orchestrator/dns/server_test.cc",  # the server's synced()
      "pkg/orchestrator/proxy/proxy_test.cc",  # the kernel's nftables
      "pkg/runtime/image/stranger_test.cc",  # the log of docker-registry
      "pkg/store/server/test_server.h"]),  # a condition of the store
    (r"\bgetenv\s*\(", "the environment is read by the command line and configuration alone",
     ["cmd/", "pkg/node/", "pkg/net/tls/system_bundle.cc", "pkg/runtime/stage/",
      "pkg/runtime/cri/testdata/guest.cc"]),  # a program of its own, run in the tests' containers
    (r"TODO\(now\)", "not to be left behind", []),
    (r"#include <iostream>", "streams cost start-up time and size: write(2) or std::printf", ["cmd/appliance/"]),
    (r"\bfork\s*\(\)", "the server has threads: spawn stage instead", ["pkg/node/check/", "cmd/stage/",
      "pkg/runtime/cri/testdata/guest.cc"]),  # a program of its own, with one thread
]
root = pathlib.Path.cwd()
problems = []
for file in sorted([*root.glob("pkg/**/*.h"), *root.glob("pkg/**/*.cc"), *root.glob("cmd/**/*.h"), *root.glob("cmd/**/*.cc")]):
    where = str(file.relative_to(root))
    test = where.endswith("_test.cc") or "/testing/" in where
    for number, line in enumerate(file.read_text().splitlines(), 1):
        code = line.split("//")[0]
        for pattern, why, homes in BANNED:
            if pattern.startswith("TODO"):
                found = re.search(pattern, line)
            else:
                found = re.search(pattern, code)
            if not found or any(where.startswith(h) for h in homes):
                continue
            if test and "sleep" not in pattern and "TODO" not in pattern:
                continue
            problems.append(f"{where}:{number}: {found.group(0)}: {why}")
print("\n".join(problems))
sys.exit(1 if problems else 0)
