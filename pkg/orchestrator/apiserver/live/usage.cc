#include "orchestrator/apiserver/live/usage.h"

#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/json/json.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

using client::NodeUsage;

double cores_between(uint64_t before, uint64_t after, base::Nanos time) {
  const double cores = static_cast<double>(after - before) / static_cast<double>(time.count());
  return std::round(cores * 10'000) / 10'000;  // a tenth of a millicore: shorter frames
}

// What is known of a node: its last answer, and the use of CPU between the last two.
struct Node {
  std::optional<NodeUsage> last;
  base::MonoTime answered{};
  std::optional<double> cpu;
  std::map<std::string, double> pod_cpu;  // by uid
  std::string error;                      // instead of an answer
  bool asked = false;                     // and not answered yet
  base::MonoTime asked_at{};

  void take(NodeUsage usage, base::MonoTime now) {
    error.clear();
    answered = now;
    const auto time = last ? usage.at - last->at : base::Nanos(0);
    if (time.count() > 0) measure(usage, time);
    last = std::move(usage);
  }
  void fail(std::string why) {
    error = std::move(why);
    last.reset();
    cpu.reset();
    pod_cpu.clear();
  }

 private:
  // A counter that fell began anew (a node that was rebooted): the next answer tells.
  void measure(const NodeUsage& usage, base::Nanos time) {
    cpu.reset();
    pod_cpu.clear();
    if (usage.cpu_nanos >= last->cpu_nanos) cpu = cores_between(last->cpu_nanos, usage.cpu_nanos, time);
    std::map<std::string_view, uint64_t> before;
    for (const auto& pod : last->pods) before[pod.uid] = pod.cpu_nanos;
    for (const auto& pod : usage.pods) {
      const auto found = before.find(pod.uid);
      if (found != before.end() && pod.cpu_nanos >= found->second)
        pod_cpu[pod.uid] = cores_between(found->second, pod.cpu_nanos, time);
    }
  }
};

json::Value number(uint64_t value) { return static_cast<int64_t>(value); }

json::Value node_entry(const std::string& name, const Node& node) {
  if (!node.error.empty()) return json::Object{{"name", name}, {"error", node.error}};
  const NodeUsage& usage = *node.last;
  return json::Object{{"name", name},
                      {"cpu", *node.cpu},
                      {"cores", usage.cores},
                      {"mem", number(usage.memory_bytes)},
                      {"memTotal", number(usage.memory_total_bytes)},
                      {"disk", number(usage.disk_bytes)},
                      {"diskTotal", number(usage.disk_total_bytes)}};
}

using PodEntries = std::map<std::pair<std::string, std::string>, json::Value>;  // by namespace and name

void add_pods(const Node& node, const std::string& ns, PodEntries& out) {
  for (const auto& pod : node.last->pods) {
    const auto cpu = node.pod_cpu.find(pod.uid);
    if (cpu == node.pod_cpu.end() || (!ns.empty() && pod.ns != ns)) continue;
    out[{pod.ns, pod.name}] = json::Object{
        {"ns", pod.ns}, {"name", pod.name}, {"uid", pod.uid}, {"cpu", cpu->second}, {"mem", number(pod.memory_bytes)}};
  }
}

}  // namespace

struct UsageFeed::State : std::enable_shared_from_this<State> {
  explicit State(Options given) : options(std::move(given)) {}

  struct Subscription {
    UsageSelection selection;
    std::function<void(UsageText)> usage;
  };

  const Options options;
  std::mutex calling;  // held while anybody outside is called; stop() waits for it. Taken before `mutex`.
  mutable std::mutex mutex;
  bool stopped = false;  // GUARDED_BY(mutex), as all below
  std::map<uint64_t, Subscription> subscriptions;
  uint64_t next_id = 0;
  std::map<std::string, Node> nodes;  // that somebody is interested in
  uint64_t round = 0;                 // of questions
  bool owed = false;                  // nobody was told of this round yet
  size_t waiting = 0;                 // for answers of this round
  bool ticking = false;
  uint64_t timer = 0;

  void begin() {  // mutex held
    if (ticking) return;
    ticking = true;
    const auto young = options.clock.monotonic() - kUsageYoung;
    std::erase_if(nodes, [&](const auto& entry) { return !entry.second.asked && entry.second.answered < young; });
    (void)options.queue.post([self = shared_from_this()] { self->tick(); });
  }

  // Which nodes are to be asked: nullopt when nobody is subscribed any more.
  std::optional<std::set<std::string>> wanted() {
    std::set<std::string> out;
    bool all = false;
    {
      const std::lock_guard lock(mutex);
      if (stopped || subscriptions.empty()) {
        ticking = false;
        return std::nullopt;
      }
      for (const auto& [id, subscription] : subscriptions) {
        all = all || subscription.selection.node.empty();
        if (!subscription.selection.node.empty()) out.insert(subscription.selection.node);
      }
    }
    if (all)
      for (auto& name : options.nodes()) out.insert(std::move(name));
    return out;
  }

  void tick() {
    const std::lock_guard call_lock(calling);
    const auto names = wanted();
    if (!names) return;
    publish(round, true);  // the last round, when a node has kept it waiting
    std::vector<std::string> ask;
    {
      const std::lock_guard lock(mutex);
      if (stopped) return;
      std::erase_if(nodes, [&](const auto& entry) { return !entry.second.asked && !names->contains(entry.first); });
      const base::MonoTime now = options.clock.monotonic();
      ++round;
      owed = true;
      bool first = false;  // is a node asked that nothing is known of? It is asked again soon.
      for (const auto& name : *names) {
        Node& node = nodes[name];
        if (std::exchange(node.asked, true)) continue;
        first = first || (!node.last && node.error.empty());
        node.asked_at = now;
        ask.push_back(name);
      }
      waiting = ask.size();
      timer = options.queue.post_at(now + (first ? kUsageFirst : kUsagePeriod),
                                    [self = shared_from_this()] { self->tick(); });
    }
    auto* stats = options.stats();
    for (const auto& name : ask) {
      auto done = [self = shared_from_this(), name, of = round](Result<NodeUsage> answer) {
        self->answered(name, of, std::move(answer));
      };
      if (stats == nullptr) {
        done(appliance::fail(Code::kUnavailable, "no kubelet can be asked"));
      } else {
        stats->usage(name, std::move(done));
      }
    }
  }

  void answered(const std::string& name, uint64_t of, Result<NodeUsage> answer) {
    const std::lock_guard lock(mutex);
    if (stopped) return;
    Node& node = nodes[name];
    node.asked = false;
    if (answer) {
      node.take(std::move(*answer), options.clock.monotonic());
    } else {
      node.fail(answer.error().message);
    }
    if (of != round || --waiting > 0) return;
    (void)options.queue.post([self = shared_from_this(), of] {
      const std::lock_guard call_lock(self->calling);
      self->publish(of, false);
    });
  }

  // Null: nothing is known yet that could be said.
  [[nodiscard]] UsageText text_of(const UsageSelection& selection) const {  // mutex held
    const bool of_pods = selection.what == UsageOf::kPods;
    bool known = false;
    json::Array out;
    PodEntries pods;
    for (const auto& [name, node] : nodes) {
      if (!selection.node.empty() && selection.node != name) continue;
      if (!node.error.empty() || node.cpu) known = true;
      if (!of_pods && (!node.error.empty() || node.cpu)) out.push_back(node_entry(name, node));
      if (of_pods && node.last && node.cpu) add_pods(node, selection.ns, pods);
    }
    for (auto& [key, entry] : pods) out.push_back(std::move(entry));
    if (!known) return nullptr;
    return std::make_shared<const std::string>(json::serialize(out));
  }

  // To everybody who is subscribed, once a round. `calling` held.
  void publish(uint64_t of, bool is_late) {
    std::map<UsageSelection, UsageText> texts;
    std::vector<std::pair<std::function<void(UsageText)>, UsageText>> calls;
    {
      const std::lock_guard lock(mutex);
      if (stopped || of != round || !std::exchange(owed, false)) return;
      if (is_late) give_up();
      for (const auto& [id, subscription] : subscriptions) {
        const auto [at, fresh] = texts.try_emplace(subscription.selection);
        if (fresh) at->second = text_of(subscription.selection);
        if (at->second) calls.emplace_back(subscription.usage, at->second);
      }
    }
    for (auto& [usage, text] : calls) usage(std::move(text));
  }

  // Nodes that owe an answer for long are said not to give one. mutex held.
  void give_up() {
    const auto young = options.clock.monotonic() - kUsageYoung;
    for (auto& [name, node] : nodes)
      if (node.asked && node.asked_at < young) node.fail("node \"" + name + "\" does not answer");
  }
};

UsageFeed::UsageFeed(Options options) : state_(std::make_shared<State>(std::move(options))) {}
UsageFeed::~UsageFeed() { stop(); }

uint64_t UsageFeed::subscribe(UsageSelection selection, std::function<void(UsageText)> usage) {
  UsageText known;
  uint64_t id = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopped) return 0;
    id = ++state_->next_id;
    if (state_->ticking) known = state_->text_of(selection);
    state_->subscriptions[id] = {.selection = std::move(selection), .usage = usage};
    state_->begin();
  }
  if (known) usage(std::move(known));
  return id;
}

void UsageFeed::unsubscribe(uint64_t id) {
  const std::lock_guard lock(state_->mutex);
  state_->subscriptions.erase(id);
}

void UsageFeed::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    state_->subscriptions.clear();
    if (state_->timer != 0) state_->options.queue.cancel(std::exchange(state_->timer, 0));
  }
  const std::lock_guard call_lock(state_->calling);
}

size_t UsageFeed::subscriptions() const {
  const std::lock_guard lock(state_->mutex);
  return state_->subscriptions.size();
}

}  // namespace appliance::orchestrator::apiserver::live
