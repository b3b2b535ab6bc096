#include "node/dev/fixture_plan.h"

#include <algorithm>
#include <set>

namespace appliance::node::dev {
namespace {

constexpr std::string_view kNamespaces[] = {"default", "shop",    "payments", "search",  "media",    "analytics",
                                            "ingest",  "billing", "mail",     "catalog", "platform", "staging"};
constexpr std::string_view kSubjects[] = {"cart",    "checkout", "invoice", "image", "price",  "stock",
                                          "account", "session",  "order",   "offer", "report", "feed"};
constexpr std::string_view kRoles[] = {"api", "web", "worker", "cache", "gateway", "indexer", "mailer", "sync"};
constexpr int kReplicas[] = {3, 1, 5, 8, 2, 12, 3, 4, 20, 2, 6, 30};
constexpr int64_t kDay = 86400;
constexpr int kNodesDefault = 20;
constexpr int kPodsPerNode = 500;  // of the default
// Of 25 workloads five have trouble in a fifth of their pods, at least in one: about 5% of the pods.
constexpr size_t kTroubleCycle = 25;

Trouble trouble_of(size_t workload) {
  switch (workload % kTroubleCycle) {
    case 2:
      return Trouble::kCrashLoop;
    case 5:
      return Trouble::kImagePull;
    case 8:
      return Trouble::kUnschedulable;
    case 11:
      return Trouble::kOutOfMemory;
    case 14:
      return Trouble::kNotReady;
    default:
      return Trouble::kNone;
  }
}

class Planner {
 public:
  explicit Planner(const FixtureOptions& options) : random_(options.seed) {
    plan_.options = options;
    if (plan_.options.nodes == 0)
      plan_.options.nodes = std::max(kNodesDefault, (options.pods + kPodsPerNode - 1) / kPodsPerNode);
  }

  FixturePlan make() {
    namespaces();
    nodes();
    while (std::cmp_less(plan_.pods.size(), plan_.options.pods)) workload();
    return std::move(plan_);
  }

 private:
  void namespaces() {
    for (int i = 0; i < plan_.options.namespaces; ++i) {
      const auto known = static_cast<int>(std::size(kNamespaces));
      plan_.namespaces.push_back(i < known ? std::string(kNamespaces[i]) : "team-" + std::to_string(i - known + 1));
      plan_.namespace_uids.push_back(random_.uuid());
    }
  }

  void nodes() {
    const int count = plan_.options.nodes;
    for (int i = 0; i < count; ++i) {
      PlannedNode node;
      node.number = i;
      node.name = "node-" + std::string(i + 1 < 10 ? "0" : "") + std::to_string(i + 1);
      node.uid = random_.uuid();
      node.cores = i % 4 == 3 ? 32 : 16;
      node.memory_gib = node.cores * 4;
      node.age_seconds = kDay * (40 + i % 50) + static_cast<int64_t>(random_.below(kDay));
      node.ready = count < 4 || i != count / 2;     // one is away
      node.cordoned = count >= 4 && (i % 10) == 7;  // some take no more pods
      plan_.nodes.push_back(std::move(node));
    }
  }

  std::string unique_name(const std::string& ns) {
    const auto subject = kSubjects[random_.below(std::size(kSubjects))];
    const auto role = kRoles[random_.below(std::size(kRoles))];
    std::string name = std::string(subject) + '-' + std::string(role);
    for (int i = 2; !names_.insert(ns + '/' + name).second; ++i)
      name = std::string(subject) + '-' + std::string(role) + '-' + std::to_string(i);
    return name;
  }

  void workload() {
    const size_t number = plan_.workloads.size();
    PlannedWorkload w;
    w.number = static_cast<int>(number);
    w.ns = plan_.namespaces[number % plan_.namespaces.size()];
    w.name = unique_name(w.ns);
    w.uid = random_.uuid();
    w.hash = random_.name_suffix(9);
    w.replica_set_uid = random_.uuid();
    if (number % 2 == 1) {
      w.old_hash = random_.name_suffix(9);
      w.old_replica_set_uid = random_.uuid();
    }
    if (number % 3 != 2) {
      w.service_uid = random_.uuid();
      w.slice_uid = random_.uuid();
    }
    w.sidecar = number % 6 == 5;
    w.init = number % 10 == 4;
    w.trouble = trouble_of(number);
    w.cpu_millis = 50 << random_.below(4);
    w.memory_mib = 64 << random_.below(4);
    w.age_seconds = 3600 + static_cast<int64_t>(random_.below(30 * kDay));
    // Few pods are spread over many workloads too, so that every trouble is among 60.
    const int most = std::max(1, plan_.options.pods / 25);
    const int left = plan_.options.pods - static_cast<int>(plan_.pods.size());
    w.replicas = std::min({kReplicas[random_.below(std::size(kReplicas))], most, left});
    w.first_pod = plan_.pods.size();
    w.hostile = plan_.options.hostile && number % 8 == 0;
    const int bad = w.trouble == Trouble::kNone ? 0 : std::max(1, w.replicas / 5);
    for (int i = 0; i < w.replicas; ++i) pod(w, i < bad ? w.trouble : Trouble::kNone);
    plan_.workloads.push_back(std::move(w));
  }

  void pod(const PlannedWorkload& w, Trouble trouble) {
    PlannedPod p;
    do {
      p.name = pod_name(w, random_);
    } while (!names_.insert(w.ns + "/pods/" + p.name).second);
    p.uid = random_.uuid();
    p.workload = static_cast<uint32_t>(w.number);
    p.trouble = trouble;
    p.age_seconds = static_cast<uint32_t>(60 + random_.below(static_cast<uint64_t>(w.age_seconds)));
    if (trouble != Trouble::kUnschedulable) {
      p.node = static_cast<int32_t>(plan_.pods.size() % plan_.nodes.size());
      p.slot = static_cast<uint16_t>(plan_.pods.size() / plan_.nodes.size() + 2);
    }
    if (trouble == Trouble::kCrashLoop || trouble == Trouble::kOutOfMemory)
      p.restarts = static_cast<uint16_t>(2 + random_.below(40));
    else if (trouble != Trouble::kImagePull && random_.below(20) == 0)
      p.restarts = static_cast<uint16_t>(1 + random_.below(3));
    plan_.pods.push_back(std::move(p));
  }

  base::SeededRandom random_;
  FixturePlan plan_;
  std::set<std::string> names_;
};

}  // namespace

std::string_view trouble_name(Trouble trouble) {
  switch (trouble) {
    case Trouble::kNone:
      return "";
    case Trouble::kCrashLoop:
      return "crash-loop";
    case Trouble::kOutOfMemory:
      return "out-of-memory";
    case Trouble::kImagePull:
      return "image-pull";
    case Trouble::kUnschedulable:
      return "unschedulable";
    case Trouble::kNotReady:
      return "not-ready";
  }
  return "";
}

std::string PlannedWorkload::image() const {
  return "registry.example.com/" + ns + '/' + name + ":1." + std::to_string(number % 20) + ".0";
}

std::string pod_name(const PlannedWorkload& workload, base::Random& random) {
  return workload.replica_set() + '-' + random.name_suffix(5);
}

Result<> check_fixture(const FixtureOptions& o) {
  const auto within = [](std::string_view name, int value, int most) -> Result<> {
    if (value >= 1 && value <= most) return {};
    return fail(Code::kInvalidArgument, std::string(name) + ": from 1 to " + std::to_string(most));
  };
  TRY(within("--pods", o.pods, kFixturePodsMax));
  if (o.nodes != 0) TRY(within("--nodes", o.nodes, kFixtureNodesMax));
  TRY(within("--namespaces", o.namespaces, kFixtureNamespacesMax));
  if (o.nodes != 0 && o.pods / o.nodes >= kFixturePodsPerNodeMax)
    return fail(Code::kInvalidArgument,
                "--nodes: a node has room for " + std::to_string(kFixturePodsPerNodeMax) + " pods at most");
  return {};
}

Result<FixturePlan> plan_fixture(const FixtureOptions& options) {
  TRY(check_fixture(options));
  return Planner(options).make();
}

}  // namespace appliance::node::dev
