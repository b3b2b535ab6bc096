#include "orchestrator/apiserver/live/usage.h"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "base/json/json.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

using namespace std::chrono_literals;
using client::NodeUsage;
using client::PodUsage;

// Nodes that answer what the test says, when it says so.
class ScriptedStats final : public client::NodeStats {
 public:
  void usage(const std::string& node, std::move_only_function<void(Result<NodeUsage>)> done) override {
    const std::lock_guard lock(mutex_);
    ++asked_[node];
    waiting_.emplace(node, std::move(done));
    changed_.notify_all();
  }
  // The questions that `node` was asked so far, once there are `count`.
  int wait_asked(const std::string& node, int count) {
    std::unique_lock lock(mutex_);
    (void)changed_.wait_for(lock, 20s, [&] { return asked_[node] >= count; });
    return asked_[node];
  }
  int asked(const std::string& node) {
    const std::lock_guard lock(mutex_);
    return asked_[node];
  }
  // Answers the oldest question of `node`, which must have been asked.
  void answer(const std::string& node, Result<NodeUsage> usage) {
    std::move_only_function<void(Result<NodeUsage>)> done;
    {
      std::unique_lock lock(mutex_);
      REQUIRE(changed_.wait_for(lock, 20s, [&] { return waiting_.contains(node); }));
      const auto at = waiting_.find(node);
      done = std::move(at->second);
      waiting_.erase(at);
    }
    done(std::move(usage));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> asked_;
  std::multimap<std::string, std::move_only_function<void(Result<NodeUsage>)>> waiting_;
};

// What a subscriber was told.
class Reader {
 public:
  std::function<void(UsageText)> sink() {
    return [state = state_](UsageText text) {
      const std::lock_guard lock(state->mutex);
      state->texts.push_back(std::move(text));
      state->changed.notify_all();
    };
  }
  // The text with this number (1 is the first), when it has come.
  UsageText wait(size_t number) {
    std::unique_lock lock(state_->mutex);
    REQUIRE(state_->changed.wait_for(lock, 20s, [&] { return state_->texts.size() >= number; }));
    return state_->texts[number - 1];
  }
  json::Array wait_entries(size_t number) { return json::parse(*wait(number)).value().as_array(); }
  size_t count() {
    const std::lock_guard lock(state_->mutex);
    return state_->texts.size();
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<UsageText> texts;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

struct Bench {
  Bench() {
    feed.emplace(UsageFeed::Options{.queue = queue,
                                    .clock = clock,
                                    .stats = [this]() -> client::NodeStats* { return has_stats ? &stats : nullptr; },
                                    .nodes = [this] { return nodes; }});
  }
  ~Bench() {
    feed->stop();
    queue.stop();
  }
  // Time goes by, and what was due has run.
  void advance(base::Nanos by) {
    clock.advance(by);
    drain();
  }
  void drain() {  // twice: what the first tasks have posted as well
    for (int i = 0; i < 2; ++i) {
      std::promise<void> done;
      REQUIRE(queue.post([&] { done.set_value(); }));
      REQUIRE(done.get_future().wait_for(20s) == std::future_status::ready);
    }
  }
  [[nodiscard]] NodeUsage usage(uint64_t cpu_millis, std::vector<PodUsage> pods = {}) const {
    return {.at = clock.now(),
            .cpu_nanos = cpu_millis * 1'000'000,
            .cores = 2,
            .memory_bytes = 300,
            .memory_total_bytes = 1000,
            .disk_bytes = 5,
            .disk_total_bytes = 10,
            .pods = std::move(pods)};
  }
  static PodUsage pod(const std::string& ns, const std::string& name, uint64_t cpu_millis, uint64_t memory = 7) {
    return {.ns = ns, .name = name, .uid = "uid-" + name, .cpu_nanos = cpu_millis * 1'000'000, .memory_bytes = memory};
  }

  base::ManualClock clock;
  TimedQueue queue{"test", clock};
  ScriptedStats stats;
  bool has_stats = true;
  std::vector<std::string> nodes{"n1"};
  std::optional<UsageFeed> feed;
};

UsageSelection of_pods(const std::string& node = {}, const std::string& ns = {}) {
  return {.what = UsageOf::kPods, .node = node, .ns = ns};
}

double number_at(const json::Value& entry, std::string_view field) {
  const auto* value = json::find(entry, {field});
  REQUIRE(value != nullptr);
  return value->is_double() ? value->as_double() : static_cast<double>(value->as_int64());
}

}  // namespace

TEST_CASE("usage: CPU in cores comes of two answers, half a second apart, then every two seconds") {
  Bench bench;
  Reader reader;
  bench.feed->subscribe({}, reader.sink());
  bench.stats.answer("n1", bench.usage(1000));
  bench.drain();
  CHECK(reader.count() == 0);
  bench.advance(kUsageFirst);
  bench.stats.answer("n1", bench.usage(1250));  // 250 ms of CPU in 500 ms
  const auto first = reader.wait_entries(1);
  REQUIRE(first.size() == 1);
  CHECK(json::string_at(first[0], {"name"}) == "n1");
  CHECK(number_at(first[0], "cpu") == Approx(0.5));
  CHECK(number_at(first[0], "cores") == 2);
  CHECK(number_at(first[0], "mem") == 300);
  CHECK(number_at(first[0], "memTotal") == 1000);
  CHECK(number_at(first[0], "disk") == 5);
  CHECK(number_at(first[0], "diskTotal") == 10);

  bench.advance(kUsagePeriod - 1ms);
  CHECK(bench.stats.asked("n1") == 2);
  bench.advance(1ms);
  CHECK(bench.stats.wait_asked("n1", 3) == 3);
  bench.stats.answer("n1", bench.usage(1250 + 3000));
  CHECK(number_at(reader.wait_entries(2)[0], "cpu") == Approx(1.5));
}

TEST_CASE("usage: nothing is asked while nobody is subscribed, and many tabs cost one question") {
  Bench bench;
  bench.advance(10s);
  CHECK(bench.stats.asked("n1") == 0);

  Reader one;
  Reader two;
  const auto first = bench.feed->subscribe({}, one.sink());
  const auto second = bench.feed->subscribe({}, two.sink());
  CHECK(bench.feed->subscriptions() == 2);
  bench.stats.answer("n1", bench.usage(0));
  bench.advance(kUsageFirst);
  bench.stats.answer("n1", bench.usage(100));
  CHECK(one.wait(1) == two.wait(1));  // the same bytes
  CHECK(bench.stats.asked("n1") == 2);

  bench.feed->unsubscribe(first);
  bench.advance(kUsagePeriod);
  bench.stats.answer("n1", bench.usage(200));
  (void)two.wait(2);
  CHECK(one.count() == 1);
  bench.feed->unsubscribe(second);
  bench.feed->unsubscribe(second);  // of one that is none: nothing
  for (int i = 0; i < 5; ++i) bench.advance(kUsagePeriod);
  CHECK(bench.stats.asked("n1") == 3);
  CHECK(two.count() == 2);

  // Again after a while: what is old tells nothing about now.
  Reader again;
  bench.feed->subscribe({}, again.sink());
  bench.stats.answer("n1", bench.usage(300));
  bench.drain();
  CHECK(again.count() == 0);
  bench.advance(kUsageFirst);
  bench.stats.answer("n1", bench.usage(400));
  CHECK(number_at(again.wait_entries(1)[0], "cpu") == Approx(0.2));
}

TEST_CASE("usage: who comes later gets at once what is known") {
  Bench bench;
  Reader reader;
  bench.feed->subscribe({}, reader.sink());
  bench.stats.answer("n1", bench.usage(0));
  bench.advance(kUsageFirst);
  bench.stats.answer("n1", bench.usage(100));
  (void)reader.wait(1);
  Reader late;
  bench.feed->subscribe({}, late.sink());
  CHECK(late.count() == 1);
  CHECK(*late.wait(1) == *reader.wait(1));
}

TEST_CASE("usage: pods are selected by node and namespace, in order, and appear when their CPU is known") {
  Bench bench;
  bench.nodes = {"n1", "n2"};
  Reader all;
  Reader of_node;
  Reader of_namespace;
  bench.feed->subscribe(of_pods(), all.sink());
  bench.feed->subscribe(of_pods("n2"), of_node.sink());
  bench.feed->subscribe(of_pods("", "b"), of_namespace.sink());
  bench.stats.answer("n1", bench.usage(0, {Bench::pod("b", "y", 10), Bench::pod("a", "z", 0)}));
  bench.stats.answer("n2", bench.usage(0, {Bench::pod("a", "x", 0)}));
  bench.advance(kUsageFirst);
  bench.stats.answer("n1",
                     bench.usage(50, {Bench::pod("b", "y", 60), Bench::pod("a", "z", 5), Bench::pod("a", "new", 9)}));
  bench.stats.answer("n2", bench.usage(50, {Bench::pod("a", "x", 25, 11)}));
  const auto names = [](const json::Array& entries) {
    std::string out;
    for (const auto& entry : entries)
      out += std::string(json::string_at(entry, {"ns"})) + '/' + std::string(json::string_at(entry, {"name"})) + ' ';
    return out;
  };
  const auto entries = all.wait_entries(1);
  CHECK(names(entries) == "a/x a/z b/y ");  // not yet a/new
  CHECK(number_at(entries[0], "cpu") == Approx(0.05));
  CHECK(number_at(entries[0], "mem") == 11);
  CHECK(json::string_at(entries[0], {"uid"}) == "uid-x");
  CHECK(number_at(entries[2], "cpu") == Approx(0.1));
  CHECK(names(of_node.wait_entries(1)) == "a/x ");
  CHECK(names(of_namespace.wait_entries(1)) == "b/y ");
}

TEST_CASE("usage: a node alone is asked when nobody wants the others") {
  Bench bench;
  bench.nodes = {"n1", "n2", "n3"};
  Reader reader;
  bench.feed->subscribe({.what = UsageOf::kNodes, .node = "n2", .ns = {}}, reader.sink());
  bench.stats.answer("n2", bench.usage(0));
  bench.advance(kUsageFirst);
  bench.stats.answer("n2", bench.usage(100));
  CHECK(reader.wait_entries(1).size() == 1);
  CHECK(bench.stats.asked("n1") == 0);
  CHECK(bench.stats.asked("n3") == 0);
}

TEST_CASE("usage: a node that fails is named with the reason, and the others go on; it comes back") {
  Bench bench;
  bench.nodes = {"n1", "n2"};
  Reader nodes;
  Reader pods;
  bench.feed->subscribe({}, nodes.sink());
  bench.feed->subscribe(of_pods(), pods.sink());
  bench.stats.answer("n1", bench.usage(0, {Bench::pod("a", "x", 0)}));
  bench.stats.answer("n2", fail(Code::kUnavailable, "node \"n2\" does not answer: refused"));
  bench.advance(kUsageFirst);
  bench.stats.answer("n2", fail(Code::kUnavailable, "node \"n2\" does not answer: refused"));
  bench.stats.answer("n1", bench.usage(100, {Bench::pod("a", "x", 100)}));
  const size_t told = nodes.count() == 0 ? 1 : nodes.count();
  auto entries = nodes.wait_entries(told);
  while (entries.size() < 2) entries = nodes.wait_entries(nodes.count() + 1);
  CHECK(json::string_at(entries[0], {"name"}) == "n1");
  CHECK(number_at(entries[0], "cpu") == Approx(0.2));
  CHECK(json::string_at(entries[1], {"name"}) == "n2");
  CHECK(json::string_at(entries[1], {"error"}) == "node \"n2\" does not answer: refused");
  CHECK(json::find(entries[1], {"cpu"}) == nullptr);

  // Two answers, and it has figures again.
  for (int i = 0; i < 2; ++i) {
    bench.advance(kUsagePeriod);
    bench.stats.answer("n1", bench.usage(200));
    bench.stats.answer("n2", bench.usage(static_cast<uint64_t>(100 * i)));
    bench.drain();
  }
  bench.drain();
  const auto last = nodes.wait_entries(nodes.count());
  REQUIRE(last.size() == 2);
  CHECK(json::find(last[1], {"error"}) == nullptr);
  CHECK(number_at(last[1], "cpu") > 0);
}

TEST_CASE("usage: a node that is silent holds nobody up, and is said to be so") {
  Bench bench;
  bench.nodes = {"n1", "mute"};
  Reader reader;
  bench.feed->subscribe({}, reader.sink());
  bench.stats.answer("n1", bench.usage(0));
  CHECK(bench.stats.wait_asked("mute", 1) == 1);
  bench.advance(kUsageFirst);
  bench.stats.answer("n1", bench.usage(100));
  for (int i = 0; i < 3; ++i) {
    bench.advance(kUsagePeriod);
    bench.stats.answer("n1", bench.usage(static_cast<uint64_t>(200 + 100 * i)));
  }
  bench.advance(kUsagePeriod);
  // Told when the round is given up, by a timer of its own.
  auto entries = reader.wait_entries(reader.count());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (entries.size() != 2 && std::chrono::steady_clock::now() < deadline) {
    bench.drain();
    entries = reader.wait_entries(reader.count());
  }
  REQUIRE(entries.size() == 2);
  CHECK(json::string_at(entries[0], {"name"}) == "mute");
  CHECK(json::string_at(entries[0], {"error"}) == "node \"mute\" does not answer");
  CHECK(json::string_at(entries[1], {"name"}) == "n1");
  CHECK(bench.stats.asked("mute") == 1);  // it owes an answer: no second question
}

TEST_CASE("usage: counters that fall, and clocks that jump back, make no figures of their own") {
  Bench bench;
  Reader reader;
  bench.feed->subscribe({}, reader.sink());
  bench.stats.answer("n1", bench.usage(5000));
  bench.advance(kUsageFirst);
  bench.stats.answer("n1", bench.usage(10));  // rebooted
  bench.drain();
  CHECK(reader.count() == 0);
  bench.advance(kUsagePeriod);
  bench.stats.answer("n1", bench.usage(410));
  CHECK(number_at(reader.wait_entries(1)[0], "cpu") == Approx(0.2));
  bench.clock.jump_wall(-1h);
  bench.advance(kUsagePeriod);
  bench.stats.answer("n1", bench.usage(4410));
  CHECK(number_at(reader.wait_entries(2)[0], "cpu") == Approx(0.2));  // as before
}

TEST_CASE("usage: without kubelets each node has an error") {
  Bench bench;
  bench.has_stats = false;
  Reader reader;
  bench.feed->subscribe({}, reader.sink());
  const auto entries = reader.wait_entries(1);
  REQUIRE(entries.size() == 1);
  CHECK(json::string_at(entries[0], {"error"}) == "no kubelet can be asked");
}

TEST_CASE("usage: after stop nobody is told anything, and late answers do no harm") {
  Bench bench;
  Reader reader;
  bench.feed->subscribe({}, reader.sink());
  bench.stats.answer("n1", bench.usage(0));
  bench.advance(kUsageFirst);
  CHECK(bench.stats.wait_asked("n1", 2) == 2);
  bench.feed->stop();
  bench.feed->stop();
  bench.stats.answer("n1", bench.usage(100));
  bench.advance(10s);
  CHECK(reader.count() == 0);
  CHECK(bench.stats.asked("n1") == 2);
  CHECK(bench.feed->subscribe({}, reader.sink()) == 0);
  bench.feed.reset();
  bench.feed.emplace(UsageFeed::Options{.queue = bench.queue,
                                        .clock = bench.clock,
                                        .stats = [] { return nullptr; },
                                        .nodes = [] { return std::vector<std::string>(); }});
}

}  // namespace appliance::orchestrator::apiserver::live
