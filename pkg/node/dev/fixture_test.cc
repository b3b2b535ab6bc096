// A whole fixture in this process: port 0 of the loopback, a temporary folder.
#include "node/dev/fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "base/fs.h"
#include "net/http/client.h"
#include "node/dev/fixture_objects.h"
#include "node/dev/fixture_usage.h"
#include "node/pki/pki.h"
#include "orchestrator/client/fake_informers.h"

using namespace appliance;
using namespace appliance::node::dev;
namespace client = appliance::orchestrator::client;

namespace {

struct Parent {
  Parent() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Parent() { (void)base::remove_tree(path); }
  [[nodiscard]] bool empty() const { return base::make_real_fs()->list(path).value().empty(); }
  std::string path = "/tmp/fixture-test-XXXXXX";
};

class Admin {
 public:
  explicit Admin(const Fixture& fixture) {
    const auto pki = node::read_admin(fixture.dir() + "/pki");
    REQUIRE(pki.has_value());
    client_ = std::make_unique<net::http::Client>(net::http::ClientOptions{.base_url = fixture.url(),
                                                                           .ca_pem = pki->ca_pem,
                                                                           .certificate_pem = pki->admin_pem,
                                                                           .key_pem = pki->admin_key_pem});
  }
  json::Value ask(const std::string& method, const std::string& path) {
    const auto reply = client_->send({.method = method, .path = path});
    INFO(path << ' ' << (reply ? reply->body.substr(0, 300) : reply.error().message));
    REQUIRE(reply.has_value());
    REQUIRE(reply->status < 300);
    auto value = json::parse(reply->body);
    REQUIRE(value.has_value());
    return std::move(*value);
  }

 private:
  std::unique_ptr<net::http::Client> client_;
};

template <class F>
bool eventually(F probe) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    if (probe()) return true;
    std::this_thread::yield();
  }
  return false;
}

struct Rig {
  explicit Rig(FixtureSettings settings) {
    settings.parent_dir = parent.path;
    auto started = Fixture::start(std::move(settings), clock, random, {});
    INFO((started ? std::string() : started.error().message));
    REQUIRE(started.has_value());
    fixture = std::move(*started);
  }
  Parent parent;
  base::SystemClock clock;
  base::SystemRandom random;
  std::unique_ptr<Fixture> fixture;
};

struct NoPods final : client::InformerSource {
  client::Informer& informer(std::string_view /*resource*/) override { return view; }
  orchestrator::FakeInformer view{*orchestrator::api::builtin_kinds()->by_resource("pods")};
};

}  // namespace

TEST_CASE("fixture: serves what was planned, changes it at its rate, and leaves nothing behind") {
  Rig rig({.objects = {.pods = 60}, .rate = 400});
  Admin admin(*rig.fixture);
  CHECK(json::array_at(admin.ask("GET", "/api/v1/pods"), {"items"}).size() >= 55);  // some are between two lives
  CHECK(json::array_at(admin.ask("GET", "/api/v1/nodes"), {"items"}).size() == 20);
  CHECK(json::array_at(admin.ask("GET", "/apis/apps/v1/deployments"), {"items"}).size() ==
        rig.fixture->plan().workloads.size());
  CHECK(eventually([&] { return rig.fixture->counts().written > 200; }));
  CHECK(rig.fixture->counts().written > rig.fixture->counts().lost);
  const auto pods = admin.ask("GET", "/api/v1/pods");
  int64_t newest = 0;
  for (const auto& pod : json::array_at(pods, {"items"})) {
    const std::string at(json::string_at(pod, {"metadata", "annotations", kWrittenAt}));
    newest = std::max<int64_t>(newest, std::stoll(at));
  }
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(rig.clock.now().time_since_epoch()).count();
  CHECK(newest <= now);
  CHECK(newest > now - 30'000);
  rig.fixture->stop();
  CHECK(rig.parent.empty());
}

TEST_CASE("fixture: a pod that is deleted through the API goes, and gets a successor") {
  Rig rig({.objects = {.pods = 30}, .rate = 200});
  Admin admin(*rig.fixture);
  const auto& pod = rig.fixture->plan().pods[0];
  const std::string list = "/api/v1/namespaces/" + rig.fixture->plan().workload_of(pod).ns + "/pods";
  const auto there = [&] {
    for (const auto& one : json::array_at(admin.ask("GET", list), {"items"}))
      if (json::string_at(one, {"metadata", "name"}) == pod.name) return true;
    return false;
  };
  if (there()) (void)admin.ask("DELETE", list + '/' + pod.name);
  CHECK(eventually([&] { return !there(); }));
  CHECK(eventually([&] { return json::array_at(admin.ask("GET", "/api/v1/pods"), {"items"}).size() == 30; }));
}

TEST_CASE("fixture: its link opens the dashboard's session") {
  Rig rig({.objects = {.pods = 10}});
  const auto link = rig.fixture->link();
  INFO((link ? std::string() : link.error().message));
  REQUIRE(link.has_value());
  CHECK(link->starts_with(rig.fixture->url() + "/ui/#k="));
}

TEST_CASE("fixture: a start that is cancelled leaves nothing behind") {
  const Parent parent;
  const base::SystemClock clock;
  base::SystemRandom random;
  const auto started = Fixture::start(
      {.objects = {.pods = 1000}, .parent_dir = parent.path, .cancelled = [] { return true; }}, clock, random, {});
  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().code == Code::kCancelled);
  CHECK(parent.empty());
}

TEST_CASE("fixture: usage grows with the clock, and a node that is away does not answer") {
  const auto plan = plan_fixture({.pods = 300});
  REQUIRE(plan.has_value());
  base::ManualClock clock;
  NoPods pods;
  FixtureUsage usage(*plan, pods, clock);
  const auto ask = [&](const std::string& node) {
    std::optional<Result<client::NodeUsage>> out;
    usage.usage(node, [&](Result<client::NodeUsage> answer) { out = std::move(answer); });
    REQUIRE(out.has_value());
    return std::move(*out);
  };
  uint64_t before = 0;
  for (int i = 0; i < 200; ++i) {
    const auto now = ask("node-01");
    REQUIRE(now.has_value());
    CHECK(now->cpu_nanos > before);
    if (before != 0) CHECK(now->cpu_nanos - before < 2'000'000'000ULL * static_cast<uint64_t>(now->cores));
    CHECK(now->memory_bytes < now->memory_total_bytes);
    CHECK(now->disk_bytes < now->disk_total_bytes);
    before = now->cpu_nanos;
    clock.advance(std::chrono::seconds(2));
  }
  CHECK(ask("node-11").error().code == Code::kUnavailable);
  CHECK(ask("nobody").error().code == Code::kNotFound);
}
