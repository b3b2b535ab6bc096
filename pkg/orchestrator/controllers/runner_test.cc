// The runner against a watch cache that lags behind the API: what is written and what is seen are moved by the test.
#include "orchestrator/controllers/runner.h"

#include <catch2/catch.hpp>

#include <condition_variable>
#include <mutex>

#include "orchestrator/api/kind.h"
#include "orchestrator/client/fake_informers.h"

using namespace appliance;
using namespace appliance::orchestrator;
using namespace appliance::orchestrator::controllers;
using namespace std::chrono_literals;

namespace {

constexpr auto kDeadline = 20s;  // of waiting for what must come

// A server that takes every write, each at the next revision, and says so. Its cache is the test's.
class Server final : public client::Client {
 public:
  explicit Server(int64_t revision) : revision_(revision) {}
  Result<json::Value> get(std::string_view, const ObjectKey&) override { return written(); }
  Result<json::Value> list(std::string_view, std::string_view, const client::ListOptions&) override {
    return fail(Code::kUnimplemented, "list");
  }
  Result<json::Value> create(std::string_view, std::string_view, const json::Value&,
                             const client::WriteOptions&) override {
    return written();
  }
  Result<json::Value> update(std::string_view, const ObjectKey&, const json::Value&,
                             const client::WriteOptions&) override {
    return written();
  }
  Result<json::Value> patch(std::string_view, const ObjectKey&, client::PatchType, const json::Value&,
                            const client::WriteOptions&) override {
    return written();
  }
  Result<> remove(std::string_view, const ObjectKey&, const client::DeleteOptions&) override {
    ++revision_;
    return {};
  }
  [[nodiscard]] int64_t revision() const { return revision_; }

 private:
  Result<json::Value> written() {
    return json::Object{{"metadata", json::Object{{"resourceVersion", std::to_string(++revision_)}}}};
  }
  std::atomic<int64_t> revision_;
};

class Informers final : public client::InformerSource {
 public:
  client::Informer& informer(std::string_view resource) override {
    APP_CHECK(resource == "configmaps" || resource == "pods");
    return resource == "pods" ? pods : configmaps;
  }
  FakeInformer configmaps{*api::builtin_kinds()->by_resource("configmaps")};
  FakeInformer pods{*api::builtin_kinds()->by_resource("pods")};
};

json::Value document(const std::string& name) {
  return json::Object{{"metadata", json::Object{{"name", name}, {"namespace", "default"}, {"uid", "u-" + name}}}};
}

// "Each configmap has one pod of its name": creates the pod that it does not see. Counts its looks, per key.
class OnePodEach final : public Reconciler {
 public:
  struct Looks {
    void add(const std::string& name, bool created) {
      const std::lock_guard lock(mutex);
      ++count[name];
      if (created) ++creates;
      changed.notify_all();
    }
    bool wait(const std::string& name, int at_least) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, kDeadline, [&] { return count[name] >= at_least; });
    }
    int of(const std::string& name) {
      const std::lock_guard lock(mutex);
      return count[name];
    }
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, int> count;
    int creates = 0;
  };
  explicit OnePodEach(Looks& looks, std::string only) : looks_(looks), only_(std::move(only)) {}
  std::string_view name() const override { return "one-pod-each"; }
  std::vector<Watch> watches() const override { return {{"configmaps", self_key}, {"pods", self_key}}; }
  Result<Outcome> reconcile(const ObjectKey& key, Context& context) override {
    const bool missing = key.name == only_ && context.informer("pods").get(key) == nullptr;
    if (missing) TRY(context.create("pods", key.ns, document(key.name)));
    looks_.add(key.name, missing);
    return Outcome{};
  }

 private:
  Looks& looks_;
  const std::string only_;
};

struct Fixture {
  Fixture() : runner({.threads = 1, .log = {}, .metrics = nullptr}, server, informers, clock, random) {
    runner.add(std::make_unique<OnePodEach>(looks, "a"));
    runner.start();
  }
  ~Fixture() { runner.stop(); }
  // Keys are taken in order of time and name by one thread: when "z" was looked at, "a" has had its turn.
  bool fence() {
    const int before = looks.of("z");
    informers.configmaps.put(document("z"));
    return looks.wait("z", before + 1);
  }

  OnePodEach::Looks looks;
  Server server{100};
  Informers informers;
  base::ManualClock clock;
  base::SeededRandom random{1};
  Runner runner;
};

}  // namespace

TEST_CASE("runner: a key waits until the cache shows what its controller wrote for it") {
  Fixture f;
  f.informers.configmaps.put(document("a"));
  REQUIRE(f.looks.wait("a", 1));
  REQUIRE(f.looks.creates == 1);
  REQUIRE(f.server.revision() == 101);

  // The cache lags: it has neither the pod nor its revision. Whatever asks for the key now must not have it looked at,
  // or it would create a second pod.
  for (int i = 0; i < 5; ++i) {
    f.informers.configmaps.put(document("a"));
    REQUIRE(f.fence());
    CHECK(f.looks.of("a") == 1);
    f.clock.advance(2ms);  // it is tried again
  }
  REQUIRE(f.informers.configmaps.revision() < 101);

  // One of the two informers catches up; the other is where the pod is missing.
  while (f.informers.configmaps.revision() < 101) f.informers.configmaps.put(document("y"));
  f.clock.advance(2ms);
  REQUIRE(f.fence());
  CHECK(f.looks.of("a") == 1);

  while (f.informers.pods.revision() < 100) f.informers.pods.put(document("x"));
  f.informers.pods.put(document("a"));
  f.clock.advance(2ms);
  REQUIRE(f.looks.wait("a", 2));
  REQUIRE(f.fence());
  CHECK(f.looks.creates == 1);
}

TEST_CASE("runner: a key is not held up by what was written for another") {
  Fixture f;
  f.informers.configmaps.put(document("a"));
  REQUIRE(f.looks.wait("a", 1));
  for (const auto* other : {"b", "c", "b"}) {
    const int before = f.looks.of(other);
    f.informers.configmaps.put(document(other));
    CHECK(f.looks.wait(other, before + 1));
  }
}

TEST_CASE("context: every write that the server answers moves the revision to wait for") {
  Server server(10);
  Informers informers;
  base::ManualClock clock;
  base::SeededRandom random(1);
  Context context(server, informers, clock, random, {});
  const ObjectKey key{"default", "a"};
  CHECK(context.revision_written() == 0);
  REQUIRE(context.create("pods", "default", document("a")));
  CHECK(context.revision_written() == 11);
  REQUIRE(context.create_at("pods", "default", document("a"), "binding"));
  CHECK(context.revision_written() == 12);
  REQUIRE(context.update("pods", key, document("a")));
  CHECK(context.revision_written() == 13);
  REQUIRE(context.patch("pods", key, json::Object{}));
  CHECK(context.revision_written() == 14);
  REQUIRE(context.write_status("pods", key, document("a"), json::Object{{"phase", "Running"}}));
  CHECK(context.revision_written() == 15);
  REQUIRE(context.write_status("pods", key, json::Object{{"status", json::Object{{"phase", "Running"}}}},
                               json::Object{{"phase", "Running"}}));
  CHECK(context.revision_written() == 15);  // as it should be: nothing was written
  REQUIRE(context.remove("pods", key));
  REQUIRE(context.read_back("pods", key));
  CHECK(context.revision_written() == 17);
}
