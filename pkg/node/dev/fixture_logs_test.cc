#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "node/dev/fixture_hostile.h"
#include "node/dev/fixture_log_lines.h"
#include "node/dev/fixture_objects.h"
#include "node/dev/fixture_streams.h"
#include "orchestrator/api/object.h"
#include "orchestrator/client/fake_informers.h"

using namespace appliance;
using namespace appliance::node::dev;
namespace client = appliance::orchestrator::client;

namespace {

const base::WallTime kNow{std::chrono::seconds(1'700'000'000)};

// Everything that was written; the reader's appetite is the test's.
class TestSink final : public client::ByteSink {
 public:
  void begin() override {
    change([this] { began_ = true; });
  }
  bool write(std::string bytes) override {
    change([&] { text_ += bytes; });
    return !closed();
  }
  void finish(std::optional<Error> error) override {
    change([&] {
      ++finished_;
      error_ = std::move(error);
    });
  }
  [[nodiscard]] bool closed() const override {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  [[nodiscard]] size_t bytes_queued() const override {
    const std::lock_guard lock(mutex_);
    return eats_ ? 0 : text_.size();
  }

  void close() {
    change([this] { closed_ = true; });
  }
  void eat(bool eats) {
    change([&] { eats_ = eats; });
  }
  bool wait_finished() {
    return wait([this] { return finished_ > 0; });
  }
  bool wait_bytes(size_t most) {
    return wait([&] { return text_.size() >= most; });
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  int finished() const {
    const std::lock_guard lock(mutex_);
    return finished_;
  }
  bool began() const {
    const std::lock_guard lock(mutex_);
    return began_;
  }

 private:
  template <class F>
  void change(F f) {
    {
      const std::lock_guard lock(mutex_);
      f();
    }
    changed_.notify_all();
  }
  template <class F>
  bool wait(F f) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), f);
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  std::optional<Error> error_;
  int finished_ = 0;
  bool began_ = false;
  bool closed_ = false;
  bool eats_ = true;
};

size_t lines_of(const std::string& text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }

}  // namespace

TEST_CASE("fixture logs: a line and its time depend on its number alone") {
  const LogShape shape{.seed = 7, .lines_per_second = 100, .first = kNow};
  CHECK(log_text(shape, 5) == log_text(shape, 5));
  CHECK(log_text(shape, 5) != log_text(shape, 6));
  CHECK(log_time(shape, 250) == kNow + std::chrono::milliseconds(2500));
  CHECK(log_end(shape, kNow) == 1);
  CHECK(log_end(shape, kNow + std::chrono::seconds(1)) == 101);
  CHECK(log_end(shape, kNow - std::chrono::seconds(1)) == 0);
}

TEST_CASE("fixture logs: tail and since choose the first line, and old lines are gone") {
  const LogShape shape{.lines_per_second = 10, .first = kNow};
  CHECK(log_begin(shape, 100, std::nullopt, std::nullopt) == 0);
  CHECK(log_begin(shape, 100, 7, std::nullopt) == 93);
  CHECK(log_begin(shape, 100, 0, std::nullopt) == 100);
  CHECK(log_begin(shape, 100, 1000, std::nullopt) == 0);
  CHECK(log_begin(shape, 100, std::nullopt, kNow + std::chrono::seconds(5)) == 50);
  CHECK(log_begin(shape, 100, 7, kNow + std::chrono::seconds(5)) == 93);
  CHECK(log_begin(shape, 100, std::nullopt, kNow + std::chrono::hours(1)) == 100);
  CHECK(log_begin(shape, kLogKeptLines + 5, std::nullopt, std::nullopt) == 5);
}

TEST_CASE("fixture logs: no line has an end in itself, and the long one has its mebibyte") {
  for (const auto kind : {LogKind::kService, LogKind::kCrash, LogKind::kHostile, LogKind::kLongLine}) {
    const LogShape shape{.kind = kind, .first = kNow, .colours = true};
    for (uint64_t n = 0; n < 40; ++n) CHECK(log_text(shape, n).find('\n') == std::string::npos);
  }
  const LogShape shape{.kind = LogKind::kLongLine, .first = kNow};
  CHECK(log_end(shape, kNow) == kLongLogLines);
  CHECK(log_text(shape, kLongLine).size() == kHostileLineBytes);
}

namespace {

struct Pods final : client::InformerSource {
  client::Informer& informer(std::string_view resource) override {
    APP_CHECK(resource == "pods");
    return view;
  }
  orchestrator::FakeInformer view{*orchestrator::api::builtin_kinds()->by_resource("pods")};
};

struct StreamsRig {
  explicit StreamsRig(int lines_per_second = 100)
      : streams({.informers = pods, .clock = clock, .lines_per_second = lines_per_second}) {
    const auto plan = plan_fixture({.pods = 300, .hostile = true});
    REQUIRE(plan.has_value());
    for (const auto& pod : plan->pods) {
      const auto& w = plan->workload_of(pod);
      const auto object = pod_object(*plan, pod, kNow);
      pods.view.put(object);
      const auto note = json::string_at(object, {"metadata", "annotations", kLogNote});
      if (w.sidecar || w.init) continue;
      if (note == kLogLongLine && pod.trouble == Trouble::kNone) long_line = {w.ns, pod.name};
      if (note.empty() && pod.restarts == 0)
        keys.try_emplace(pod.trouble, orchestrator::api::ObjectKey{w.ns, pod.name});
      if (pod.trouble == Trouble::kCrashLoop)
        keys.try_emplace(pod.trouble, orchestrator::api::ObjectKey{w.ns, pod.name});
    }
  }
  Result<> ask(const orchestrator::api::ObjectKey& key, client::LogOptions options) {
    if (options.container.empty()) options.container = "app";
    return streams.logs(key.ns, key.name, options, sink);
  }
  std::string why(Trouble trouble, client::LogOptions options) {
    auto asked = ask(keys.at(trouble), std::move(options));
    return asked ? std::string() : asked.error().message;
  }

  base::ManualClock clock{kNow};
  Pods pods;
  std::map<Trouble, orchestrator::api::ObjectKey> keys;
  orchestrator::api::ObjectKey long_line;
  std::shared_ptr<TestSink> sink = std::make_shared<TestSink>();
  FixtureStreams streams;  // last: ends first
};

}  // namespace

TEST_CASE("fixture streams: a log is read once, from the line that was asked for") {
  StreamsRig rig;
  REQUIRE(rig.ask(rig.keys.at(Trouble::kNone), {.container = "app", .tail_lines = 5}).has_value());
  REQUIRE(rig.sink->wait_finished());
  CHECK(lines_of(rig.sink->text()) == 5);
  CHECK(rig.sink->text().find("n=2000 ") != std::string::npos);
  CHECK(rig.sink->finished() == 1);
  CHECK_FALSE(rig.sink->began());
}

TEST_CASE("fixture streams: timestamps stand before lines, and limits cut") {
  StreamsRig rig;
  REQUIRE(
      rig.ask(rig.keys.at(Trouble::kNone), {.container = "app", .timestamps = true, .tail_lines = 1, .limit_bytes = 40})
          .has_value());
  REQUIRE(rig.sink->wait_finished());
  CHECK(rig.sink->text().starts_with("2023-11-14T22:13:20.000000000Z "));
  CHECK(rig.sink->text().size() == 40);
}

TEST_CASE("fixture streams: a follower gets as many lines as time has passed, and ends when it leaves") {
  StreamsRig rig;
  REQUIRE(rig.ask(rig.keys.at(Trouble::kNone), {.container = "app", .follow = true, .tail_lines = 0}).has_value());
  CHECK(rig.sink->began());
  rig.clock.advance(std::chrono::milliseconds(500));
  REQUIRE(rig.sink->wait_bytes(1));
  rig.clock.advance(std::chrono::milliseconds(500));
  const auto line_100 = std::string("n=2100 ");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (rig.sink->text().find(line_100) == std::string::npos && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  CHECK(lines_of(rig.sink->text()) == 100);
  rig.sink->close();
  CHECK(rig.sink->wait_finished());
}

TEST_CASE("fixture streams: who does not read is not written to beyond the high water mark") {
  StreamsRig rig(100'000);
  rig.sink->eat(false);
  REQUIRE(rig.ask(rig.keys.at(Trouble::kNone), {.container = "app", .follow = true}).has_value());
  rig.clock.advance(std::chrono::seconds(1));
  REQUIRE(rig.sink->wait_bytes(client::kSinkHighWater));
  CHECK(rig.sink->text().size() < client::kSinkHighWater + (1U << 17U));
  rig.sink->eat(true);
  CHECK(rig.sink->wait_bytes(4 * client::kSinkHighWater));  // 102,000 lines of 50 bytes
}

TEST_CASE("fixture streams: a crashed container's log ends in a panic, and nothing is to be followed") {
  StreamsRig rig;
  REQUIRE(rig.ask(rig.keys.at(Trouble::kCrashLoop), {.container = "app", .follow = true}).has_value());
  REQUIRE(rig.sink->wait_finished());
  CHECK(lines_of(rig.sink->text()) == kCrashLines);
  CHECK(rig.sink->text().ends_with("exit status 2\n"));
}

TEST_CASE("fixture streams: what has no log says so as a kubelet does") {
  StreamsRig rig;
  CHECK(rig.why(Trouble::kImagePull, {}).ends_with("is waiting to start: trying and failing to pull image"));
  CHECK(rig.why(Trouble::kNone, {.container = "app", .previous = true})
            .starts_with("previous terminated container \"app\""));
  CHECK(rig.streams.logs("default", "none", {}, rig.sink).error().code == Code::kNotFound);
  CHECK(rig.streams.exec({}, nullptr).error().message.find("no containers") != std::string::npos);
}

TEST_CASE("fixture streams: a line of a mebibyte arrives whole") {
  StreamsRig rig;
  REQUIRE_FALSE(rig.long_line.name.empty());
  REQUIRE(rig.ask(rig.long_line, {}).has_value());
  REQUIRE(rig.sink->wait_finished());
  CHECK(rig.sink->text().size() > kHostileLineBytes);
  CHECK(lines_of(rig.sink->text()) == kLongLogLines);
}

TEST_CASE("fixture streams: a stop ends every reader once") {
  StreamsRig rig;
  REQUIRE(rig.ask(rig.keys.at(Trouble::kNone), {.container = "app", .follow = true}).has_value());
  REQUIRE(rig.sink->wait_bytes(1));
  rig.streams.stop();
  rig.streams.stop();
  CHECK(rig.sink->finished() == 1);
  CHECK(rig.ask(rig.keys.at(Trouble::kNone), {}).error().code == Code::kUnavailable);
}
