// appliance dev cluster: a cluster on one machine, each node in a network namespace with its own data and run folders,
// logs and cgroup parent. The nodes are ordinary ones: made by `up`, `token create` and `join`, removed by `uninstall`.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/process.h"
#include "base/strings.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"
#include "net/netlink/netns.h"
#include "node/bootstrap/kubeconfig.h"
#include "node/dev/dev_cluster.h"
#include "node/pki/pki.h"

extern char** environ;

namespace appliance::cmd {
namespace {

using node::DevCluster;

// What dev cluster decides itself.
constexpr std::string_view kOwnFlags[] = {"--data-dir", "--run-dir",           "--config",          "--node-name",
                                          "--node-ip",  "--https-listen-port", "--write-kubeconfig"};

constexpr std::chrono::minutes kStepDeadline{3};
constexpr size_t kOutputMax = 1U << 20U;

// Runs a verb of ours as node `i`, in its namespace; its output, or an error with what it said.
Result<std::string> as_node(const DevCluster& cluster, size_t i, std::vector<std::string> words,
                            const std::string& secret = {}) {
  const auto ns = TRY(net::netlink::open_netns(cluster.netns(i)));
  words.insert(words.begin(), "appliance");
  words.insert(words.end(), {"--data-dir", cluster.data_dir(i), "--run-dir", cluster.run_dir(i)});
  const auto path = cluster.run_root() + "/node-" + std::to_string(i + 1) + ".out";
  const base::Fd out(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out) return fail_errno("open " + path);
  std::vector<std::string> env;
  for (char** e = environ; *e != nullptr; ++e) env.emplace_back(*e);
  if (!secret.empty()) env.push_back(secret);
  base::ProcessEnd end;
  TRY(net::netlink::in_netns(ns.get(), [&]() -> Result<> {
    auto child = TRY(base::Process::spawn(
        {.program = "/proc/self/exe", .argv = words, .env = env, .fds = {{out.get(), 1}, {out.get(), 2}}, .cwd = "/"}));
    end = TRY(child.wait(kStepDeadline));
    return {};
  }));
  auto text = TRY(base::read_file(path, kOutputMax));
  (void)::unlink(path.c_str());
  if (end.ok()) return text;
  return fail(Error{.code = Code::kInternal,
                    .message = "appliance " + words[1] + " on " + cluster.nodes[i].name + ": " + end.text() + '\n' +
                               std::string(base::trim(text)),
                    .errno_value = 0,
                    .hint = "its log: " + cluster.data_dir(i) + "/log/server.log"});
}

std::vector<std::string> node_flags(const DevCluster& cluster, size_t i) {
  return {"--node-name", cluster.nodes[i].name,
          "--node-ip",   cluster.nodes[i].ip,
          "--config",    cluster.data_dir(i) + "/config.yaml"};
}

Result<> start_node(const DevCluster& cluster, size_t i, std::vector<std::string> words,
                    const std::vector<std::string>& more, const std::string& secret = {}) {
  TRY(base::make_dirs(cluster.data_dir(i), 0711));
  const auto config = cluster.data_dir(i) + "/config.yaml";
  if (!base::read_file(config)) TRY(base::write_file_atomic(config, "# options of this node, as flags are named\n"));
  for (auto& word : node_flags(cluster, i)) words.push_back(std::move(word));
  words.insert(words.end(), more.begin(), more.end());
  TRY(as_node(cluster, i, std::move(words), secret));
  return {};
}

Result<std::string> new_token(const DevCluster& cluster) {
  const auto text = TRY(as_node(cluster, 0, {"token", "create", "--ttl", "10m", "-o", "json"}));
  const auto document = TRY(json::parse(text));
  return std::string(json::string_at(document, {"token"}));
}

Result<> write_kubeconfig(const DevCluster& cluster, const std::string& path) {
  const auto pki = TRY(node::read_admin(cluster.data_dir(0) + "/pki"));
  const auto config = node::admin_kubeconfig(pki, "https://" + cluster.nodes[0].ip + ":6443");
  return base::write_file_atomic(path, json::serialize_pretty(config) + '\n', 0600);
}

Result<> run_node(const DevCluster& cluster, size_t i, const std::vector<std::string>& more, Steps& steps) {
  steps.begin((i == 0 ? "server " : "worker ") + cluster.nodes[i].name);
  struct stat info{};
  const bool joined = ::stat((cluster.data_dir(i) + "/cluster.json").c_str(), &info) == 0;
  if (i == 0) {
    TRY(start_node(cluster, i, {"up", "--write-kubeconfig", cluster.data_dir(0) + "/kubeconfig"}, more));
  } else if (joined) {
    TRY(start_node(cluster, i, {"up"}, {}));
  } else {
    auto token = TRY(new_token(cluster));
    // Not as an argument: every user of the machine sees those.
    TRY(start_node(cluster, i, {"join", cluster.nodes[0].ip}, {}, "APPLIANCE_TOKEN=" + token));
  }
  steps.done(cluster.nodes[i].ip);
  return {};
}

int create(Argv argv) {
  std::string name = "dev";
  std::string kubeconfig;
  int nodes = 3;
  int servers = 1;
  bool no_demo = false;
  std::vector<std::string> server_flags;
  Args args("dev cluster", "makes a cluster on this machine, each node in a network namespace of its own",
            {"sudo appliance dev cluster --nodes 3 --name x", "sudo appliance dev cluster delete --name x"});
  args.option("--nodes", nodes, "machines in all; the first one is the server (3)");
  args.option("--servers", servers, "of them servers (1; more is not there yet)");
  args.option("--name", name, "of the cluster; nodes are NAME-1, NAME-2, … (dev)");
  args.option("--write-kubeconfig", kubeconfig, "another file for the kubeconfig");
  args.flag("--no-demo", no_demo, "do not deploy the demo");
  args.after_dashes(server_flags);
  if (auto code = args.parse(argv)) return *code;
  for (const auto& word : server_flags)
    for (const auto& own : kOwnFlags)
      if (word == own || word.starts_with(std::string(own) + '='))
        return usage_error("dev cluster", std::string(own) + " is for dev cluster to say");
  if (servers != 1) return usage_error("dev cluster", "--servers: more than one server is not there yet");
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "dev cluster: must run as root: it makes namespaces, mounts and network links",
                        .errno_value = 0,
                        .hint = "sudo appliance dev cluster"});
  auto existing = node::read_dev_cluster(name);
  if (!existing) return report("dev cluster", existing.error());
  if (*existing && args.given("--nodes") && (*existing)->nodes.size() != static_cast<size_t>(nodes))
    return report(Error{
        .code = Code::kAlreadyExists,
        .message = "dev cluster: " + name + " is there, with " + std::to_string((*existing)->nodes.size()) + " nodes",
        .errno_value = 0,
        .hint = "appliance dev cluster delete --name " + name + ", or take another --name"});
  if (!*existing) {
    const auto taken = node::networks_in_use();
    if (!taken) return report("dev cluster", taken.error());
    auto planned = node::plan_dev_cluster({.name = name, .nodes = nodes}, *taken);
    if (!planned && planned.error().code == Code::kInvalidArgument)
      return usage_error("dev cluster", planned.error().message);
    if (!planned) return report("dev cluster", planned.error());
    *existing = std::move(*planned);
  }
  if (no_demo) server_flags.emplace_back("--no-demo");
  if (!server_flags.empty()) (*existing)->flags = server_flags;  // kept for the next start
  const auto& cluster = **existing;
  Steps steps;
  steps.begin("network " + cluster.network.string());
  if (auto made = node::write_dev_cluster(cluster); !made) return report("dev cluster", made.error());
  if (auto made = node::make_segment(cluster); !made) {
    print("\n");
    return report("network", made.error());
  }
  steps.done(cluster.bridge());
  for (size_t i = 0; i < cluster.nodes.size(); ++i) {
    if (auto done = run_node(cluster, i, cluster.flags, steps); !done) {
      print("\n");
      return report(done.error());
    }
  }
  const auto file = kubeconfig.empty() ? cluster.kubeconfig() : kubeconfig;
  if (auto written = write_kubeconfig(cluster, file); !written) return report("kubeconfig", written.error());
  print("\nGo on with               kubectl --kubeconfig " + file + " get nodes\n" +
        "A shell on a node        sudo nsenter --net=" + cluster.netns(0) + "\n" +
        "Undo everything          sudo appliance dev cluster delete --name " + name + "\n");
  return kDone;
}

Result<> remove(const DevCluster& cluster, Steps& steps) {
  // Workers first. Nobody leaves: the whole cluster goes.
  for (size_t n = cluster.nodes.size(); n-- > 0;) {
    if (!net::netlink::open_netns(cluster.netns(n))) continue;
    steps.begin("node " + cluster.nodes[n].name);
    TRY(as_node(cluster, n, {"uninstall", "--yes", "--write-kubeconfig", cluster.data_dir(n) + "/kubeconfig"}));
    steps.done();
  }
  steps.begin("network " + cluster.network.string());
  TRY(node::remove_segment(cluster));
  TRY(base::remove_tree(cluster.run_root()));
  TRY(base::remove_tree(cluster.data_root()));  // last: while it is there, delete can be run again
  for (const auto* parent : {"/run/appliance-dev", "/var/lib/appliance-dev"}) (void)::rmdir(parent);
  steps.done();
  return {};
}

int remove_cluster(Argv argv) {
  std::string name = "dev";
  Args args("dev cluster delete", "removes a cluster that dev cluster made, and all of its data",
            {"sudo appliance dev cluster delete", "sudo appliance dev cluster delete --name x"});
  args.option("--name", name, "of the cluster (dev)");
  if (auto code = args.parse(argv)) return *code;
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "dev cluster delete: must run as root",
                        .errno_value = 0,
                        .hint = "sudo appliance dev cluster delete"});
  const auto cluster = node::read_dev_cluster(name);
  if (!cluster) return report("dev cluster delete", cluster.error());
  if (!*cluster) {
    print("Nothing to do: there is no dev cluster " + name + ".\n");
    return kDone;
  }
  Steps steps;
  if (auto done = remove(**cluster, steps); !done) {
    print("\n");
    return report(done.error());
  }
  return kDone;
}

int list_clusters() {
  const auto names = node::list_dev_clusters();
  if (!names) return report("dev cluster list", names.error());
  std::vector<std::vector<std::string>> rows{{"NAME", "NODES", "NETWORK", "KUBECONFIG"}};
  for (const auto& name : *names)
    if (const auto cluster = node::read_dev_cluster(name); cluster && *cluster)
      rows.push_back(
          {name, std::to_string((*cluster)->nodes.size()), (*cluster)->network.string(), (*cluster)->kubeconfig()});
  print(rows.size() > 1 ? table(rows) : "No dev clusters.\n");
  return kDone;
}

}  // namespace

int dev(Argv argv) {
  if (!argv.empty() && argv[0] == "fixture") return dev_fixture(argv.subspan(1));
  if (!argv.empty() && argv[0] == "cluster") {
    const auto rest = argv.subspan(1);
    if (!rest.empty() && rest[0] == "delete") return remove_cluster(rest.subspan(1));
    if (rest.size() == 1 && rest[0] == "list") return list_clusters();
    return create(rest);
  }
  if (argv.empty() || argv[0] == "--help" || argv[0] == "-h") {
    print(
        "Clusters on one machine, to try things with.\n\nUsage:\n"
        "  appliance dev cluster [--nodes N] [--name X]   makes one\n"
        "  appliance dev cluster list\n"
        "  appliance dev cluster delete [--name X]\n"
        "  appliance dev fixture [--pods N] [--rate R]    serves synthetic objects: no containers, no root\n\n"
        "Examples:\n"
        "  sudo appliance dev cluster --nodes 3 --name x\n"
        "  sudo appliance dev cluster delete --name x\n"
        "  appliance dev fixture --pods 10000 --rate 500\n");
    return kDone;
  }
  return usage_error("dev", argv[0] + ": not yet: `dev cluster` and `dev fixture` are what there is");
}

}  // namespace appliance::cmd
