// appliance up: makes sure a server runs here, the node is Ready, the person's kubectl knows it, and the demo answers.
#include <unistd.h>

#include <cstdlib>

#include "base/strings.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/node_flags.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/server_process.h"
#include "cmd/appliance/systemd.h"
#include "cmd/appliance/verbs.h"
#include "cmd/appliance/worker_steps.h"
#include "node/bootstrap/demo.h"
#include "node/bootstrap/kubeconfig.h"
#include "node/pki/pki.h"

namespace appliance::cmd {
namespace {

// True when the file changed. Written for the person who ran us, or to --write-kubeconfig.
Result<bool> write_kubeconfig(const node::Config& config, std::string& where) {
  const auto pki = TRY(node::read_admin(config.pki_dir()));
  const auto ours = node::admin_kubeconfig(pki, "https://127.0.0.1:" + std::to_string(config.https_listen_port));
  auto target = TRY(node::kubeconfig_target());
  if (!config.write_kubeconfig.empty()) {
    const auto mode = std::strtoul(config.kubeconfig_mode.c_str(), nullptr, 8);
    target = {.path = config.write_kubeconfig,
              .uid = getuid(),
              .gid = getgid(),
              .mode = static_cast<unsigned>(mode),
              .merge = false};
  }
  where = target.path;
  const bool changed = TRY(node::install_kubeconfig(target, ours, config.kubeconfig_note()));
  TRY(node::remember_kubeconfig(target, node::kubeconfig_list(config.data_dir)));
  return changed;
}

// True when something was created.
Result<bool> deploy_demo(ControlClient& client) {
  bool created = false;
  const std::pair<const char*, json::Value> objects[] = {
      {"/apis/apps/v1/namespaces/default/deployments", node::demo_deployment()},
      {"/api/v1/namespaces/default/services", node::demo_service()}};
  for (const auto& [path, object] : objects) {
    if (client.call("GET", std::string(path) + "/demo")) continue;
    const auto done = client.call("POST", path, &object);
    if (!done && done.error().code != Code::kAlreadyExists) return fail(done.error());
    created = created || done.has_value();
  }
  return created;
}

// Follows the Deployment until its replicas are available, then asks the page itself.
Result<std::string> wait_for_page(ControlClient& client, const node::Config& config) {
  const std::string path = "/apis/apps/v1/namespaces/default/deployments";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    const auto live = TRY(client.call("GET", path + "/demo"));
    if (json::int_at(live, {"status", "availableReplicas"}) >= 1) break;
    net::http::ClientRequest watch{
        .method = "GET",
        .path = path + "?watch=1&timeoutSeconds=10&fieldSelector=metadata.name%3Ddemo&resourceVersion=" +
                std::string(json::string_at(live, {"metadata", "resourceVersion"}))};
    watch.on_data = [](const net::http::Response&, std::string_view piece) {
      return piece.find("\"availableReplicas\"") == std::string_view::npos;
    };
    (void)client.raw(std::move(watch));  // ends with a change or after 10 s; then we look again
  }
  const std::string url = "http://" + config.node_ip + ':' + std::to_string(node::kDemoNodePort);
  net::http::Client page({.base_url = url, .ca_pem = {}, .certificate_pem = {}, .key_pem = {}});
  Error last{.code = Code::kDeadlineExceeded, .message = "no replica became available", .errno_value = 0, .hint = {}};
  // The proxy's tables follow the endpoints within milliseconds: a few tries bridge them.
  for (int i = 0; i < 40; ++i) {
    const auto reply = page.send({.method = "GET", .path = "/"});
    if (reply && reply->status == 200) return url;
    last = reply ? Error{.code = Code::kUnavailable,
                         .message = "status " + std::to_string(reply->status),
                         .errno_value = 0,
                         .hint = {}}
                 : reply.error();
    usleep(50'000);
  }
  return fail(last.wrap("the demo's page at " + url));
}

// Through systemd when the package's unit is there: then the server comes back after a crash and at the next boot.
Result<> start(const node::Config& config, const std::vector<std::string>& flags, bool by_unit) {
  if (by_unit) return start_unit();
  return start_server(config, flags, [](std::string_view) {});
}

void print_next(const node::Config& config, const std::string& kubeconfig, const std::string& page, bool by_unit) {
  std::string out = "\n";
  if (!page.empty()) out += "The demo answers on      " + page + "\n";
  out += "Go on with               kubectl --context appliance get pods -A\n";
  out += "Its kubeconfig           " + kubeconfig + " (context appliance)\n";
  out += "Without kubectl          appliance get pods -A\n";
  out += "In the browser           appliance dashboard\n";
  out += "What runs here           appliance status\n";
  out += "Stop it, keep the data   appliance down\n";
  out += "Undo everything          appliance uninstall\n";
  out += "Server log               " + (by_unit ? "journalctl -u appliance" : config.server_log()) + "\n";
  print(out);
}

// A machine that joined a cluster: its worker runs again.
int up_worker(node::Config config, const node::Membership& membership, const std::vector<std::string>& flags) {
  node::apply_membership(config, membership);
  Steps steps;
  const auto started = run_worker(config, flags, steps);
  if (!started) return report("up", started.error());
  print_worker(membership, *started);
  return kDone;
}

}  // namespace

int up(Argv argv) {
  Args args("up", "makes sure a server runs on this machine, waits until it is Ready, and says how to go on",
            {"sudo appliance up", "sudo appliance up --no-demo --data-dir /srv/appliance"});
  NodeFlags flags(args);
  if (auto code = args.parse(argv)) return *code;
  const auto config = flags.config(args);
  if (!config) return report("up", config.error());
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "up: must run as root: it makes namespaces, mounts and network links",
                        .errno_value = 0,
                        .hint = "sudo appliance up"});

  if (auto same = check_unit_config(*config); !same) return report("up", same.error());
  const auto membership = node::read_membership(*config);
  if (!membership) return report("up", membership.error());
  if (*membership) return up_worker(*config, **membership, flags.given(args));
  ControlClient client(*config);
  const bool by_unit = unit_serves(*config);
  const bool running = client.alive();
  bool changed = false;
  Steps steps;
  if (running) {
    steps.skip("server", by_unit && !unit_active()
                             ? "runs already, but not by systemd: appliance down --keep-pods, then up, hands it over"
                             : "runs already");
  } else {
    if (auto fit = fit_to_start(*config); !fit) return report("up", fit.error());
    steps.begin(by_unit ? "started by systemd, API serves" : "server started, API serves");
    if (auto started = start(*config, flags.given(args), by_unit); !started) {
      print("\n");
      return report("up", started.error());
    }
    steps.done();
    changed = true;
  }
  steps.begin("node " + config->node_name + " is Ready");
  if (auto ready = wait_ready(client, "the node"); !ready) {
    print("\n");
    return report("up", ready.error());
  }
  steps.done();
  std::string where;
  steps.begin("kubeconfig");
  const auto written = write_kubeconfig(*config, where);
  if (!written) {
    print("\n");
    return report("kubeconfig", written.error());
  }
  steps.done(*written ? where : where + " (unchanged)");
  changed = changed || *written;
  std::string page;
  if (config->no_demo) {
    steps.skip("demo", "not wanted (--no-demo)");
  } else {
    steps.begin("demo answers");
    const auto deployed = deploy_demo(client);
    if (!deployed) {
      print("\n");
      return report("demo", deployed.error());
    }
    changed = changed || *deployed;
    auto url = wait_for_page(client, *config);
    if (!url) {
      print("\n");
      return report("up", url.error());
    }
    page = *url;
    steps.done(page);
  }
  if (!changed) print("\nNothing to do: everything is as it should be.\n");
  print_next(*config, where, page, by_unit);
  return kDone;
}

}  // namespace appliance::cmd
