// appliance join: makes this machine a worker of a cluster.
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/appliance/node_flags.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/systemd.h"
#include "cmd/appliance/verbs.h"
#include "cmd/appliance/worker_steps.h"
#include "node/join/join.h"
#include "orchestrator/api/joining.h"
#include "orchestrator/client/rest.h"

namespace appliance::cmd {
namespace {

namespace client = orchestrator::client;

constexpr std::chrono::seconds kWelcomeDeadline{5};  // as for a first connection

Error refuse(std::string message, std::string hint) {
  return Error{
      .code = Code::kFailedPrecondition, .message = std::move(message), .errno_value = 0, .hint = std::move(hint)};
}

// A machine is in one cluster: its own, or the one that it joined.
Result<> check_free(const node::Config& config) {
  struct stat info{};
  if (::stat(config.store_dir().c_str(), &info) == 0)
    return fail(refuse("this machine runs a cluster of its own: its data is in " + config.store_dir(),
                       "appliance uninstall removes it, or give the worker its own --data-dir and --run-dir"));
  return {};
}

// The steps of node::join() as lines with their times.
Result<node::Membership> join_cluster(const node::Config& config, const node::JoinRequest& request, Steps& steps) {
  const base::SystemClock clock;
  bool open = false;
  auto joined = node::join(config, request, clock, [&](std::string_view what) {
    if (open) steps.done();
    steps.begin(std::string(what));
    open = true;
  });
  if (joined)
    steps.done();
  else if (open)
    print("\n");
  return joined;
}

// Does the cluster take this member's certificate? kUnauthenticated: it does not. A server that does not answer, and
// all else, is the worker's to sort out.
Result<> check_welcome(const node::Config& config, const node::Membership& membership) {
  const auto keys = node::read_node_keys(config);
  if (!keys) return {};
  auto https = node::https_options(membership, *keys);
  https.deadline = kWelcomeDeadline;
  const auto api = client::https_client(std::move(https));
  const auto live = api->get("nodes", {"", membership.node_name});
  if (!live && live.error().code == Code::kUnauthenticated) return fail(live.error());
  return {};
}

// A join that was killed at its end and is run again late finds its name given back: it is asked for anew, with the
// same key. A worker that had its place in the cluster was taken out on purpose, and has things to clean up.
Result<bool> must_join_anew(const node::Config& config, const node::Membership& membership) {
  const auto welcome = check_welcome(config, membership);
  if (welcome) return false;
  if (membership.pod_cidr.empty()) return true;
  if (!orchestrator::api::is_shut_out(welcome.error().message)) return false;  // the worker says what is wrong
  return fail(refuse(welcome.error().message, "appliance leave --force, then join again"));
}

}  // namespace

int join(Argv argv) {
  std::string address;
  std::string token_text;
  bool server = false;
  Args args(
      "join", "makes this machine a worker of a cluster; the server prints the command: appliance token create",
      {"sudo appliance join 192.0.2.1 --token K10…", "sudo appliance join 192.0.2.1:6443 --token K10… --node-name w1"});
  args.positional("ADDRESS", address, "of a server: HOST, HOST:PORT or https://HOST:PORT");
  args.option("--token", token_text,
              "the join token; or APPLIANCE_TOKEN in the environment, which other users do not see");
  args.flag("--server", server, "join as another server (not yet)");
  NodeFlags flags(args);
  if (auto code = args.parse(argv)) return *code;
  if (server) return usage_error("join", "--server: more than one server is not there yet");
  if (const char* env = ::getenv("APPLIANCE_TOKEN"); token_text.empty() && env != nullptr) token_text = env;
  if (token_text.empty())
    return usage_error("join", "--token is needed: appliance token create, on the server, prints it");
  const auto token = node::parse_join_token(token_text);
  if (!token) {
    report("--token", token.error());
    return kUsage;
  }
  if (const auto url = node::server_url(address); !url) {
    report("join", url.error());
    return kUsage;
  }
  auto config = flags.config(args);
  if (!config) return report("join", config.error());
  if (geteuid() != 0)
    return report(Error{.code = Code::kPermissionDenied,
                        .message = "join: must run as root: it makes namespaces, mounts and network links",
                        .errno_value = 0,
                        .hint = "sudo appliance join …"});
  // The name goes into the membership, where the unit's worker finds it.
  if (auto same = check_unit_config(*config, {"node-name"}); !same) return report("join", same.error());
  Steps steps;
  auto known = node::read_membership(*config);
  if (!known) return report("join", known.error());
  const bool member = known->has_value();
  if (member && (*known)->ca_sha256 != token->ca_sha256)
    return report("join", refuse("this machine is a worker of another cluster, at " + (*known)->server,
                                 "appliance leave takes it out of there"));
  bool anew = false;
  if (member) {
    const auto must = must_join_anew(*config, **known);
    if (!must) return report("join", must.error());
    anew = *must;
    if (anew && !args.given("--node-name")) config->node_name = (*known)->node_name;
  }
  if (member && !anew) {
    steps.skip("joined", "already, as " + (*known)->node_name);
  } else {
    if (auto free = check_free(*config); !member && !free) return report("join", free.error());
    auto joined = join_cluster(*config, {.address = address, .token = *token}, steps);
    if (!joined) return report("join", joined.error());
    *known = std::move(*joined);
  }
  node::apply_membership(*config, **known);
  const auto started = run_worker(*config, flags.given(args), steps);
  if (!started) return report("join", started.error());
  if (auto now = node::read_membership(*config); now && *now) known = std::move(now);
  print_worker(**known, !member || anew || *started);
  return kDone;
}

}  // namespace appliance::cmd
