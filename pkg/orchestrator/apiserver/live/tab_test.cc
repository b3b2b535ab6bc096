// A tab whose socket is narrow: what waits for it, and what it gets when it reads again.
#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <future>

#include "orchestrator/apiserver/live/extra.h"
#include "orchestrator/apiserver/live/tab.h"
#include "orchestrator/apiserver/testing/test_server.h"

namespace appliance::orchestrator::apiserver::live {
namespace {

using apiserver::testing::must;
using apiserver::testing::TestServer;

constexpr std::chrono::seconds kDeadline{60};

// The server's end of a socket that takes as much as the test says.
class NarrowSocket final : public net::http::WebSocket {
 public:
  bool send(std::string) override { return false; }
  bool send_text(std::string message) override {
    const std::lock_guard lock(mutex_);
    queued_ += message.size();
    sent_.push_back(std::move(message));
    changed_.notify_all();
    return true;
  }
  void close(uint16_t, std::string) override {}
  void pause_reading() override {}
  void resume_reading() override {}
  [[nodiscard]] size_t bytes_queued() const override {
    const std::lock_guard lock(mutex_);
    return queued_;
  }
  void on_drain(base::Task task) override {
    const std::lock_guard lock(mutex_);
    drain_ = std::move(task);
    changed_.notify_all();
  }
  [[nodiscard]] const std::string& subprotocol() const override { return protocol_; }
  void on_message(std::function<void(std::string, bool)> handler) override { say = std::move(handler); }
  void on_close(base::Task task) override { gone = std::move(task); }

  bool wait_blocked() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return drain_ != nullptr; });
  }
  bool wait_sent() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return !sent_.empty(); });
  }
  // The client reads all.
  std::vector<std::string> read() {
    base::Task task;
    std::vector<std::string> out;
    {
      const std::lock_guard lock(mutex_);
      queued_ = 0;
      out.swap(sent_);
      std::swap(task, drain_);
    }
    if (task) task();
    return out;
  }
  std::function<void(std::string, bool)> say;
  base::Task gone;

 private:
  const std::string protocol_{kSubprotocol};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> sent_;
  size_t queued_ = 0;
  base::Task drain_;
};

class NarrowExchange final : public net::http::Exchange {
 public:
  NarrowExchange() {
    request_.method = "GET";
    request_.target = request_.path = "/ui/v1/stream";
    request_.websocket_upgrade = true;
    request_.headers.add("Sec-WebSocket-Protocol", std::string(kSubprotocol));
    request_.peer =
        net::http::PeerCertificate{.common_name = "admin", .organizations = {"system:masters"}, .sha256 = "00"};
  }
  [[nodiscard]] const net::http::Request& request() const override { return request_; }
  void respond(net::http::Response) override { opened_.set_value(nullptr); }
  std::shared_ptr<net::http::Stream> start_stream(net::http::Response) override { return nullptr; }
  void accept_websocket(std::string_view, std::function<void(std::shared_ptr<net::http::WebSocket>)> opened) override {
    auto socket = std::make_shared<NarrowSocket>();
    opened(socket);
    opened_.set_value(std::move(socket));
  }
  void on_abort(base::Task) override {}
  std::future<std::shared_ptr<NarrowSocket>> future() { return opened_.get_future(); }

 private:
  net::http::Request request_;
  std::promise<std::shared_ptr<NarrowSocket>> opened_;
};

// Straight into the store: making many objects is not what these tests are about.
void put(TestServer& server, std::string_view resource, const std::string& name, json::Value document) {
  json::Object& meta = json::ensure(document, {"metadata"}).get_object();
  meta["name"] = name;
  meta["namespace"] = "default";
  meta["uid"] = "uid-" + name;
  meta["creationTimestamp"] = "2026-01-02T03:04:05Z";
  store::PutOp op;
  op.key = "/registry/" + std::string(resource) + "/default/" + name;
  op.value = std::make_shared<const std::string>(api::stored_bytes(document));
  store::TxnRequest request;
  request.success.emplace_back(std::move(op));
  auto done = std::make_shared<std::promise<Result<store::TxnResponse>>>();
  auto answer = done->get_future();
  server.kv.txn(std::move(request),
                [done](Result<store::TxnResponse> response) { done->set_value(std::move(response)); });
  must(answer.get());
}

// Maps m0, m1, … whose rows are ~40 KB each: long names of keys.
void put_maps(TestServer& server, int maps, int value) {
  std::string data;
  for (size_t k = 0; k < kKeysMax; ++k)
    data += (data.empty() ? "\"" : ",\"") + std::string(200, 'k') + std::to_string(k) + "\":\"\"";
  const auto document =
      json::parse(R"({"metadata":{"labels":{"i":")" + std::to_string(value) + R"("}},"data":{)" + data + "}}").value();
  for (int m = 0; m < maps; ++m) put(server, "configmaps", "m" + std::to_string(m), document);
}

// As a ReplicaSet makes them, bound to a node and scheduled, of one container with a probe.
json::Value bench_pod(int i) {
  return json::parse(
             R"({"metadata":{"labels":{"app":"web","pod-template-hash":"6d5f8c7b9"},
      "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-6d5f8c7b9","uid":"6f9619ff-8b86-d011-b42d-00cf4fc964ff",
      "controller":true,"blockOwnerDeletion":true}]},"spec":{"nodeName":"node-)" +
             std::to_string(i % 100) +
             R"(","containers":[{"name":"web","image":"registry.example/web:1.2.3","env":[{"name":"A","value":"b"}],
      "ports":[{"containerPort":8080}],"resources":{"requests":{"cpu":"100m","memory":"64Mi"}},
      "readinessProbe":{"httpGet":{"path":"/","port":8080}}}]}})")
      .value();
}

json::Value bench_status(int i) {
  const auto condition = [](const std::string& type) {
    return R"({"type":")" + type + R"(","status":"True","lastTransitionTime":"2026-01-02T03:04:05Z"})";
  };
  return json::parse(R"({"status":{"phase":"Running","hostIP":"10.0.0.1","podIP":"10.42.)" + std::to_string(i / 250) +
                     '.' + std::to_string(i % 250) + R"(","startTime":"2026-01-02T03:04:05Z","conditions":[)" +
                     condition("PodScheduled") + ',' + condition("Initialized") + ',' + condition("ContainersReady") +
                     ',' + condition("Ready") +
                     R"(],"containerStatuses":[{"name":"web","ready":true,"started":true,"restartCount":0,
      "image":"registry.example/web:1.2.3","imageID":"sha256:0123456789abcdef","containerID":"appliance://0123456789abcdef",
      "state":{"running":{"startedAt":"2026-01-02T03:04:05Z"}}}]}})")
      .value();
}

}  // namespace

TEST_CASE("live: a slow tab holds a megabyte in its socket, and gets each change once, as it is then") {
  TestServer server;
  constexpr int kMaps = 60;  // ~2.4 MB of rows
  put_maps(server, kMaps, 0);
  auto exchange = std::make_shared<NarrowExchange>();
  auto opened = exchange->future();
  server.api->handler()(std::move(exchange));
  REQUIRE(opened.wait_for(kDeadline) == std::future_status::ready);
  const auto socket = opened.get();
  REQUIRE(socket != nullptr);
  socket->say(R"({"sub":1,"kind":"configmaps","ns":"default"})", false);
  std::map<std::string, std::string> last;  // name -> the label of its last row
  int rows = 0;
  bool synced = false;
  size_t most = 0;
  const auto read = [&] {
    most = std::max(most, socket->bytes_queued());
    for (const std::string& message : socket->read()) {
      const auto frame = json::parse(message);
      REQUIRE(frame.has_value());
      synced = synced || json::bool_at(*frame, {"synced"});
      for (const auto* list : {"rows", "up"}) {
        for (const json::Value& row : json::array_at(*frame, {list})) {
          last[std::string(json::string_at(row, {"n"}))] = json::string_at(row, {"l", "i"});
          ++rows;
        }
      }
    }
  };
  REQUIRE(socket->wait_blocked());
  const auto began = std::chrono::steady_clock::now();
  const auto deadline = began + kDeadline;
  const auto until = [&](const std::function<bool()>& good) {
    while (!good() && std::chrono::steady_clock::now() < deadline) {
      read();
      std::this_thread::yield();
    }
    return good();
  };
  put_maps(server, kMaps, 1);  // while the listing waits
  REQUIRE(until([&] { return synced; }));
  REQUIRE(until([&] {
    return last.size() == kMaps && std::ranges::all_of(last, [](const auto& one) { return one.second == "1"; });
  }));
  put_maps(server, kMaps, 2);
  REQUIRE(socket->wait_blocked());
  const int before = rows;
  for (int i = 3; i <= 6; ++i) put_maps(server, kMaps, i);
  REQUIRE(until([&] { return std::ranges::all_of(last, [](const auto& one) { return one.second == "6"; }); }));
  CHECK(rows - before <=
        3 * kMaps);  // of five changes: what waited in the socket, the rest of that round, the last state
  CHECK(most < kQueuedBytesMax + 2 * kRowBytesPerFrame);
  CHECK(std::chrono::steady_clock::now() - began < kSweepEvery);  // no turn was lost, which the next sweep would mend
  socket->gone();
  socket->say = nullptr;
}

TEST_CASE("live: subscriptions side by side get all changes soon, however many frames one of them needs") {
  TestServer server;
  constexpr int kMaps = 1300;  // three frames
  const auto put_all = [&](int value) {
    const auto document = json::parse(R"({"metadata":{"labels":{"i":")" + std::to_string(value) + R"("}}})").value();
    for (int m = 0; m < kMaps; ++m) put(server, "configmaps", "m" + std::to_string(m), document);
  };
  put_all(0);
  auto exchange = std::make_shared<NarrowExchange>();
  auto opened = exchange->future();
  server.api->handler()(std::move(exchange));
  REQUIRE(opened.wait_for(kDeadline) == std::future_status::ready);
  const auto socket = opened.get();
  REQUIRE(socket != nullptr);
  socket->say(R"({"sub":1,"kind":"configmaps"})", false);
  socket->say(R"({"sub":2,"kind":"configmaps","name":"m7"})", false);
  socket->say(R"({"sub":3,"kind":"configmaps"})", false);
  std::map<int64_t, std::map<std::string, std::string>> last;
  const auto read_until = [&](const std::string& value) {
    const auto all = [&](int64_t sub, size_t count) {
      return last[sub].size() == count &&
             std::ranges::all_of(last[sub], [&](const auto& one) { return one.second == value; });
    };
    while (!all(1, kMaps) || !all(2, 1) || !all(3, kMaps)) {
      if (!socket->wait_sent()) return false;
      for (const std::string& message : socket->read()) {
        const json::Value frame = json::parse(message).value_or(nullptr);
        for (const auto* list : {"rows", "up"})
          for (const json::Value& row : json::array_at(frame, {list}))
            last[json::int_at(frame, {"sub"})][std::string(json::string_at(row, {"n"}))] =
                json::string_at(row, {"l", "i"});
      }
    }
    return true;
  };
  REQUIRE(read_until("0"));
  for (int value = 1; value <= 2; ++value) {
    put_all(value);
    const auto began = std::chrono::steady_clock::now();
    REQUIRE(read_until(std::to_string(value)));
    CHECK(std::chrono::steady_clock::now() - began < kSweepEvery);
  }
  socket->gone();
  socket->say = nullptr;
}

// apiserver_test "[live-bench]": from the subscription to the last row of 10,000 pods, with all frames made and taken,
// and what it costs. Of a release build.
TEST_CASE("live bench: 10,000 pods", "[.][live-bench]") {
  TestServer server;
  constexpr int kPods = 10'000;
  for (int i = 0; i < kPods; ++i) {
    json::Value pod = bench_pod(i);
    pod.get_object()["status"] = bench_status(i).at("status");
    put(server, "pods", "web-6d5f8c7b9-" + std::to_string(i), std::move(pod));
  }
  const auto cpu = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto ms = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
  };
  for (const auto* rest : {"", R"(,"only":"problems")", ""}) {
    auto exchange = std::make_shared<NarrowExchange>();
    auto opened = exchange->future();
    server.api->handler()(std::move(exchange));
    const auto socket = opened.get();
    REQUIRE(socket != nullptr);
    const double cpu_before = cpu();
    const auto before = std::chrono::steady_clock::now();
    socket->say(R"({"sub":1,"kind":"pods")" + std::string(rest) + "}", false);
    size_t bytes = 0;
    size_t frames = 0;
    for (bool synced = false; !synced && socket->wait_sent();) {
      for (const std::string& message : socket->read()) {
        bytes += message.size();
        ++frames;
        synced = synced || message.find("\"synced\":true") != std::string::npos;
      }
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
    WARN("pods" << rest << ": " << took.count() << " ms, cpu " << cpu() - cpu_before << " ms, " << frames << " frames, "
                << bytes / 1024 << " KiB");
    socket->gone();
    socket->say = nullptr;
  }
}

}  // namespace appliance::orchestrator::apiserver::live
