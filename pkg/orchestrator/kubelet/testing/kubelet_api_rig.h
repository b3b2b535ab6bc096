// Two nodes for tests of the kubelet API and the stream router: n1 is this process, n2 answers over loopback TLS; both
// are scripted. Informers come from FakeApi.
#pragma once

#include <catch2/catch.hpp>

#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/crypto/x509.h"
#include "net/http/client.h"
#include "net/tls/context.h"
#include "orchestrator/client/remote_stats.h"
#include "orchestrator/client/remote_streams.h"
#include "orchestrator/kubelet/kubelet_api.h"
#include "orchestrator/kubelet/testing/fake_api.h"

namespace appliance::orchestrator::kubelet::testing {

inline bool soon(const std::function<bool()>& what) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!what()) {
    if (std::chrono::steady_clock::now() > end) return false;
    (void)::poll(nullptr, 0, 2);
  }
  return true;
}

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

class TestCa {
 public:
  TestCa() : key_(crypto::generate_key().value()), pem(crypto::self_signed_ca(key_, spec("test-ca", {})).value()) {}
  [[nodiscard]] KeyPair issue(const std::string& name, const std::vector<std::string>& groups,
                              const std::string& address = "127.0.0.1") const {
    KeyPair out;
    out.key_pem = crypto::generate_key().value();
    auto what = spec(name, groups);
    what.ip_addresses = {address};
    what.server_auth = what.client_auth = true;
    out.certificate_pem =
        crypto::issue_certificate({.ca_pem = pem, .ca_key_pem = key_}, crypto::public_key_of(out.key_pem).value(), what)
            .value();
    return out;
  }

 private:
  static crypto::CertificateSpec spec(const std::string& name, const std::vector<std::string>& groups) {
    const auto now = base::SystemClock().now();
    crypto::CertificateSpec out;
    out.common_name = name;
    out.organizations = groups;
    out.not_before = now - std::chrono::hours(1);
    out.not_after = now + std::chrono::hours(24);
    return out;
  }
  const std::string key_;

 public:
  const std::string pem;
};

// The process of an exec: echoes input to output, names sizes on stderr, exits with 3 at the end of input.
class EchoProcess final : public client::ExecSession {
 public:
  EchoProcess(std::shared_ptr<client::ExecPeer> peer, std::atomic<int>& sessions, std::atomic<size_t>& unread)
      : peer_(std::move(peer)), sessions_(sessions), unread_(unread) {
    ++sessions_;
  }
  ~EchoProcess() override { --sessions_; }
  bool write_stdin(std::string bytes) override {
    if (unread_ > 0) {  // reads nothing: all of it waits
      unread_ += bytes.size();
      return true;
    }
    return peer_->on_stdout(std::move(bytes));
  }
  [[nodiscard]] size_t stdin_bytes_queued() const override { return unread_; }
  void close_stdin() override { peer_->on_exit(3); }
  void resize(uint16_t width, uint16_t height) override {
    (void)peer_->on_stderr(std::to_string(width) + 'x' + std::to_string(height));
  }

 private:
  std::shared_ptr<client::ExecPeer> peer_;
  std::atomic<int>& sessions_;
  std::atomic<size_t>& unread_;
};

// A node whose container says what the test tells it. Producers obey kSinkHighWater, as the kubelet's do.
class ScriptedNode final : public client::NodeStreams {
 public:
  explicit ScriptedNode(std::string name) : name_(std::move(name)) {}
  ~ScriptedNode() override {
    stop = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Result<> logs(const std::string& ns, const std::string& pod, const client::LogOptions& options,
                std::shared_ptr<client::ByteSink> sink) override {
    const std::lock_guard lock(mutex);
    log_options = options;
    if (pod == "gone") return fail(Code::kNotFound, "pod 'gone' not found on this node");
    if (options.previous) return fail(Code::kInvalidArgument, "previous terminated container \"c\" not found");
    threads_.emplace_back([this, ns, pod, options, sink = std::move(sink)] {
      if (options.follow) sink->begin();
      if (pod == "endless") return pour(*sink);
      if (pod == "silent") return wait(*sink);
      sink->write(name_ + ": " + ns + '/' + pod + '/' + options.container + '\n');
      sink->finish(pod == "broken" ? std::optional(Error{Code::kInternal, "the log file is damaged", 0, {}})
                                   : std::nullopt);
    });
    return {};
  }
  Result<std::shared_ptr<client::ExecSession>> exec(const client::ExecRequest& request,
                                                    std::shared_ptr<client::ExecPeer> peer) override {
    const std::lock_guard lock(mutex);
    exec_request = request;
    if (request.command[0] == "missing") return fail(Code::kInternal, "exec: missing: no such file");
    if (request.command[0] == "deaf") unread = 1;
    if (request.command[0] == "pour")
      threads_.emplace_back([this, peer] {
        while (!stop && produced < kPourBytes) {
          if (peer->bytes_queued() > client::kSinkHighWater) {
            (void)::poll(nullptr, 0, 1);
            continue;
          }
          if (!peer->on_stdout(std::string(kPiece, 'x'))) return;
          produced += kPiece;
        }
        peer->on_exit(0);
      });
    return std::make_shared<EchoProcess>(std::move(peer), sessions, unread);
  }

  static constexpr size_t kPiece = 32U << 10U;
  static constexpr size_t kPourBytes = 64U << 20U;  // more than all queues and kernel buffers on the way hold

  std::mutex mutex;
  client::LogOptions log_options;
  client::ExecRequest exec_request;
  std::atomic<int> sessions{0};
  std::atomic<size_t> unread{0};
  std::atomic<size_t> produced{0};
  std::atomic<bool> reader_gone{false};
  std::atomic<bool> stop{false};

 private:
  void pour(client::ByteSink& sink) {
    while (!stop && produced < kPourBytes && !sink.closed()) {
      if (sink.bytes_queued() > client::kSinkHighWater) {
        (void)::poll(nullptr, 0, 1);
        continue;
      }
      if (!sink.write(std::string(kPiece, 'x'))) break;
      produced += kPiece;
    }
    reader_gone = sink.closed();
    sink.finish(std::nullopt);
  }
  void wait(client::ByteSink& sink) {
    while (!stop && !sink.closed()) (void)::poll(nullptr, 0, 1);
    reader_gone = sink.closed();
    sink.finish(std::nullopt);
  }
  const std::string name_;
  std::vector<std::thread> threads_;  // GUARDED_BY(mutex)
};

// Says of its node what the test tells it, on the caller's thread; `mute`: keeps all questions.
class ScriptedStats final : public client::NodeStats {
 public:
  void usage(const std::string& node, std::move_only_function<void(Result<client::NodeUsage>)> done) override {
    {
      const std::lock_guard lock(mutex);
      asked.push_back(node);
      if (mute) return kept.push_back(std::move(done));
    }
    done(answer);
  }
  std::mutex mutex;
  std::vector<std::string> asked;
  bool mute = false;
  std::vector<std::move_only_function<void(Result<client::NodeUsage>)>> kept;
  Result<client::NodeUsage> answer;  // before the first question
};

class CollectSink final : public client::ByteSink {
 public:
  void begin() override { begun = true; }
  bool write(std::string bytes) override {
    const std::lock_guard lock(mutex_);
    if (gone) return false;
    size += bytes.size();
    if (text_.size() < 4096) text_ += bytes;
    return true;
  }
  void finish(std::optional<Error> error) override {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    ++finishes_;
  }
  [[nodiscard]] bool closed() const override { return gone; }
  [[nodiscard]] size_t bytes_queued() const override { return queued; }
  bool wait_finished() {
    return soon([this] {
      const std::lock_guard lock(mutex_);
      return finishes_ > 0;
    });
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  [[nodiscard]] std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  std::atomic<bool> begun{false};
  std::atomic<bool> gone{false};
  std::atomic<size_t> queued{0};
  std::atomic<size_t> size{0};

 private:
  mutable std::mutex mutex_;
  std::string text_;
  std::optional<Error> error_;
  int finishes_ = 0;
};

class CollectPeer final : public client::ExecPeer {
 public:
  bool on_stdout(std::string bytes) override { return add(out_, std::move(bytes)); }
  bool on_stderr(std::string bytes) override { return add(err_, std::move(bytes)); }
  void on_exit(int exit_code) override {
    const std::lock_guard lock(mutex_);
    code_ = exit_code;
  }
  void on_error(const Error& error) override {
    const std::lock_guard lock(mutex_);
    error_ = error;
  }
  [[nodiscard]] size_t bytes_queued() const override { return queued; }
  bool wait_ended() {
    return soon([this] {
      const std::lock_guard lock(mutex_);
      return code_.has_value() || error_.has_value();
    });
  }
  [[nodiscard]] std::optional<int> code() const {
    const std::lock_guard lock(mutex_);
    return code_;
  }
  [[nodiscard]] std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  [[nodiscard]] std::string out() const {
    const std::lock_guard lock(mutex_);
    return out_;
  }
  [[nodiscard]] std::string err() const {
    const std::lock_guard lock(mutex_);
    return err_;
  }
  std::atomic<size_t> queued{0};
  std::atomic<size_t> size{0};

 private:
  bool add(std::string& to, std::string bytes) {
    const std::lock_guard lock(mutex_);
    size += bytes.size();
    if (to.size() < 4096) to += bytes;
    return true;
  }
  mutable std::mutex mutex_;
  std::string out_;
  std::string err_;
  std::optional<int> code_;
  std::optional<Error> error_;
};

struct KubeletApiRig {
  explicit KubeletApiRig(const std::string& certificate_name = "system:node:n2",
                         const std::string& certificate_address = "127.0.0.1") {
    const KeyPair serving = ca.issue(certificate_name, {"system:nodes"}, certificate_address);
    metrics.counter("test_total", "A counter.").add(7);
    net::http::ServerOptions options;
    options.tls = net::tls::ServerContext::create(
                      {.certificate_pem = serving.certificate_pem, .key_pem = serving.key_pem, .client_ca_pem = ca.pem})
                      .value();
    options.metrics = &metrics;
    listener =
        net::http::Server::listen(
            loop, options, kubelet_api_handler(n2, {.metrics = &metrics, .log = {}, .stats = &n2_stats, .node = "n2"}))
            .value();
    node(
        "n2",
        R"("capacity":{"cpu":"3"},"addresses":[{"type":"Hostname","address":"n2"},{"type":"InternalIP","address":"127.0.0.1"}],)"
        R"("daemonEndpoints":{"kubeletEndpoint":{"Port":)" +
            std::to_string(listener->port()) + "}}");
    pod("here", "n1");
    for (const char* name : {"there", "gone", "endless", "silent", "broken"}) pod(name, "n2");
    const KeyPair identity = ca.issue("kube-apiserver-kubelet-client", {"system:masters"});
    client::StreamRouterOptions to;
    to.local_node = "n1";
    to.local = &n1;
    to.credentials = {.ca_pem = ca.pem, .certificate_pem = identity.certificate_pem, .key_pem = identity.key_pem};
    stats_router =
        client::make_stats_router({.local_node = "n1", .local = &n1_stats, .credentials = to.credentials}, api);
    router = client::make_stream_router(std::move(to), api, loop);
  }
  ~KubeletApiRig() {
    router.reset();
    stats_router.reset();
    stop_listener();
  }
  KubeletApiRig(const KubeletApiRig&) = delete;
  KubeletApiRig& operator=(const KubeletApiRig&) = delete;

  void stop_listener() {
    if (listener) listener->stop();
    listener.reset();
  }
  void pod(const std::string& name, const std::string& on) {
    api.put("pods", "default",
            json::parse(R"({"metadata":{"name":")" + name + R"(","namespace":"default"},"spec":{"nodeName":")" + on +
                        R"(","containers":[{"name":"c"}]}})")
                .value());
  }
  void node(const std::string& name, const std::string& status) {
    api.put("nodes", "", json::parse(R"({"metadata":{"name":")" + name + R"("},"status":{)" + status + "}}").value());
  }
  [[nodiscard]] net::http::ClientOptions as(const std::string& name, const std::vector<std::string>& groups) const {
    const KeyPair who = ca.issue(name, groups);
    net::http::ClientOptions out;
    out.base_url = "https://127.0.0.1:" + std::to_string(listener->port());
    out.ca_pem = ca.pem;
    out.certificate_pem = who.certificate_pem;
    out.key_pem = who.key_pem;
    return out;
  }
  static client::ExecRequest command(std::vector<std::string> words, const std::string& pod = "there") {
    client::ExecRequest out;
    out.ns = "default";
    out.pod = pod;
    out.container = "c";
    out.command = std::move(words);
    out.stdin_open = true;
    return out;
  }

  TestCa ca;
  base::SystemClock clock;
  base::Metrics metrics;
  FakeApi api{clock};
  ScriptedNode n1{"n1"};
  ScriptedNode n2{"n2"};
  ScriptedStats n1_stats;
  ScriptedStats n2_stats;
  net::Loop loop{{.name = "test-net", .threads = 2}};
  std::unique_ptr<net::http::Server> listener;
  std::unique_ptr<client::NodeStreams> router;
  std::unique_ptr<client::NodeStats> stats_router;
};

}  // namespace appliance::orchestrator::kubelet::testing
