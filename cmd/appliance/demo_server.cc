// The demo's web page: what the image of the binary runs. Shows the pod's name, node, version and a counter; /healthz.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"
#include "net/http/server.h"
#include "node/version.h"

namespace appliance::cmd {
namespace {

std::string env_or(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

std::string page(uint64_t count) {
  const auto pod = env_or("POD_NAME", env_or("HOSTNAME", "unknown").c_str());
  const auto node = env_or("NODE_NAME", "unknown");
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>appliance demo</title>"
         "<style>body{font:1.1rem system-ui;margin:4rem "
         "auto;max-width:34rem;color:#1c2733}dt{color:#5b6b7a}dd{margin:0 0 .8rem}</style></head><body>"
         "<h1>It works.</h1><p>This page comes from a pod of your cluster.</p><dl><dt>pod</dt><dd>" +
         pod + "</dd><dt>node</dt><dd>" + node + "</dd><dt>version</dt><dd>" + node::version().appliance +
         "</dd><dt>requests served by this pod</dt><dd>" + std::to_string(count) + "</dd></dl></body></html>\n";
}

}  // namespace

int demo_server(Argv argv) {
  int port = 8080;
  Args args("demo-server", "serves the demo's page", {"appliance demo-server", "appliance demo-server --port 8080"});
  int count_every_ms = 0;
  int hold_mib = 0;
  args.option("--port", port, "where to listen (8080)");
  args.option("--count-every-ms", count_every_ms, "also print 1, 2, 3, …: a log whose gaps can be seen");
  args.option("--hold-mib", hold_mib, "also take this much memory: a limit that can be seen");
  if (auto code = args.parse(argv)) return *code;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  net::Loop loop({.name = "demo", .threads = 1});
  std::atomic<uint64_t> count{0};
  std::atomic<bool> leaving{false};
  net::http::ServerOptions options;
  options.address = "0.0.0.0";
  options.port = port;
  auto server = net::http::Server::listen(loop, options, [&](std::shared_ptr<net::http::Exchange> exchange) {
    const auto& path = exchange->request().path;
    if (path == "/healthz") {
      exchange->respond(leaving ? net::http::text_response(503, "leaving\n") : net::http::text_response(200, "ok\n"));
    } else if (path == "/") {
      exchange->respond(net::http::text_response(200, page(++count), "text/html; charset=utf-8"));
    } else {
      exchange->respond(net::http::text_response(404, "404 page not found\n"));
    }
  });
  if (!server) return report("demo-server", server.error());
  print("listening on port " + std::to_string((*server)->port()) + '\n');
  const std::string held(static_cast<size_t>(std::max(hold_mib, 0)) << 20U, 'x');
  asm volatile("" : : "r"(held.data()) : "memory");  // else the compiler may find that nobody reads it
  if (count_every_ms > 0) {
    const timespec step{.tv_sec = count_every_ms / 1000, .tv_nsec = count_every_ms % 1000 * 1'000'000L};
    for (uint64_t n = 1; sigtimedwait(&set, nullptr, &step) < 0; ++n) print(std::to_string(n) + '\n');
  } else {
    int signal = 0;
    sigwait(&set, &signal);
  }
  // New connections may still come for a moment, until every proxy has heard that this pod is leaving.
  leaving = true;
  const timespec linger{.tv_sec = 1, .tv_nsec = 0};
  sigtimedwait(&set, nullptr, &linger);
  (*server)->stop();
  loop.stop();
  return kDone;
}

}  // namespace appliance::cmd
