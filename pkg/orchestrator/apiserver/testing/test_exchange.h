// Requests straight into a handler, answers and streams kept for the test to look at.
//
//   Told told = ask(server, {.method = "GET", .path = "/api/v1/pods?watch=1"});
//   told.lines->wait(2)
#pragma once

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "base/strings.h"
#include "net/http/server.h"
#include "orchestrator/apiserver/testing/test_server.h"

namespace appliance::orchestrator::apiserver::testing {

class TestStream final : public net::http::Stream {
 public:
  bool write(std::vector<net::http::Chunk> chunks) override {
    const std::lock_guard lock(mutex_);
    if (finished_ || refuse_) return false;
    for (const auto& chunk : chunks) text_ += chunk.bytes;
    more_.notify_all();
    return true;
  }
  void finish() override {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    more_.notify_all();
  }
  [[nodiscard]] bool closed() const override {
    const std::lock_guard lock(mutex_);
    return finished_;
  }
  [[nodiscard]] size_t bytes_queued() const override {
    const std::lock_guard lock(mutex_);
    return queued_;
  }
  void on_close(base::Task task) override {
    {
      const std::lock_guard lock(mutex_);
      if (!refuse_) {
        on_close_ = std::move(task);
        return;
      }
    }
    task();  // gone before anybody asked to be told
  }
  void on_drain(base::Task task) override { task(); }

  // The client goes away.
  void hang_up() {
    base::Task task;
    {
      const std::lock_guard lock(mutex_);
      refuse_ = true;
      task = std::move(on_close_);
    }
    if (task) task();
  }
  void pretend_queued(size_t bytes) {
    const std::lock_guard lock(mutex_);
    queued_ = bytes;
  }
  // The lines so far, once there are `count` of them (or the stream ended).
  std::vector<json::Value> wait(size_t count) {
    std::unique_lock lock(mutex_);
    (void)more_.wait_for(lock, std::chrono::seconds(60), [&] { return finished_ || lines().size() >= count; });
    return lines();
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  bool wait_finished() {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, std::chrono::seconds(60), [&] { return finished_; });
  }

 private:
  [[nodiscard]] std::vector<json::Value> lines() const {
    std::vector<json::Value> out;
    for (const std::string_view line : base::split(text_, '\n')) {
      if (!line.empty()) out.push_back(json::parse(line).value_or(json::Value("not JSON: " + std::string(line))));
    }
    return out;
  }
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::string text_;
  bool finished_ = false;
  bool refuse_ = false;
  size_t queued_ = 0;
  base::Task on_close_;
};

// The server's end of a WebSocket: what it sent, and a way to play the client.
class TestSocket final : public net::http::WebSocket {
 public:
  explicit TestSocket(std::string protocol) : protocol_(std::move(protocol)) {}
  bool send(std::string message) override {
    const std::lock_guard lock(mutex_);
    sent_.push_back(std::move(message));
    more_.notify_all();
    return true;
  }
  bool send_text(std::string message) override { return send(std::move(message)); }
  void close(uint16_t code, std::string) override {
    base::Task task;
    std::function<void(std::string, bool)> handler;  // dropped at the end, as the real socket does
    {
      const std::lock_guard lock(mutex_);
      handler = std::move(handler_);
      handler_ = nullptr;
      close_code_ = code;
      task = std::move(on_close_);
      more_.notify_all();
    }
    if (task) task();
  }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }
  [[nodiscard]] size_t bytes_queued() const override { return 0; }
  void on_drain(base::Task task) override { task(); }
  [[nodiscard]] const std::string& subprotocol() const override { return protocol_; }
  void on_message(std::function<void(std::string, bool)> handler) override {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
  }
  void on_close(base::Task task) override {
    const std::lock_guard lock(mutex_);
    on_close_ = std::move(task);
  }

  void client_says(std::string message) {
    std::function<void(std::string, bool)> handler;
    {
      const std::lock_guard lock(mutex_);
      handler = handler_;
    }
    if (handler) handler(std::move(message), true);
  }
  // What was sent, once the server has closed.
  std::vector<std::string> wait_closed() {
    std::unique_lock lock(mutex_);
    if (!more_.wait_for(lock, std::chrono::seconds(60), [&] { return close_code_ != 0; }))
      sent_.emplace_back("not closed");
    return sent_;
  }
  bool wait_sent(size_t count) {
    std::unique_lock lock(mutex_);
    return more_.wait_for(lock, std::chrono::seconds(60), [&] { return sent_.size() >= count; });
  }
  std::atomic<bool> paused{false};

 private:
  const std::string protocol_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<std::string> sent_;
  uint16_t close_code_ = 0;
  std::function<void(std::string, bool)> handler_;
  base::Task on_close_;
};

struct Told {
  int status = 0;
  net::http::Headers headers;
  std::string content_type;
  std::string body;
  std::shared_ptr<TestStream> stream;
  std::shared_ptr<TestSocket> socket;
  [[nodiscard]] json::Value json() const { return json::parse(body).value_or(json::Value(nullptr)); }
};

class TestExchange final : public net::http::Exchange {
 public:
  explicit TestExchange(net::http::Request request) : request_(std::move(request)) {}
  ~TestExchange() override {
    if (!told_) {
      Told none;
      none.status = 500;
      none.body = "dropped";
      promise_.set_value(std::move(none));
    }
  }
  [[nodiscard]] const net::http::Request& request() const override { return request_; }
  void respond(net::http::Response response) override { (void)tell(std::move(response), nullptr); }
  std::shared_ptr<net::http::Stream> start_stream(net::http::Response head) override {
    auto stream = std::make_shared<TestStream>();
    tell(std::move(head), stream);
    return stream;
  }
  void accept_websocket(std::string_view protocol,
                        std::function<void(std::shared_ptr<net::http::WebSocket>)> opened) override {
    Told told;
    told.status = 101;
    told.socket = std::make_shared<TestSocket>(std::string(protocol));
    opened(told.socket);
    told_ = true;
    promise_.set_value(std::move(told));
  }
  void on_abort(base::Task) override {}
  std::future<Told> future() { return promise_.get_future(); }

 private:
  void tell(net::http::Response response, std::shared_ptr<TestStream> stream) {
    Told out{.status = response.status,
             .headers = std::move(response.headers),
             .content_type = std::move(response.content_type),
             .body = {},
             .stream = std::move(stream),
             .socket = {}};
    for (const auto& chunk : response.body) out.body += chunk.bytes;
    told_ = true;
    promise_.set_value(std::move(out));
  }
  net::http::Request request_;
  std::promise<Told> promise_;
  bool told_ = false;
};

struct Ask {
  std::string method = "GET";
  std::string path;  // with the query
  std::string body = {};
  std::string content_type = "application/json";
  std::string accept = {};
  std::string user = "admin";
  std::string group = "system:masters";
  std::string bearer = {};  // instead of user and group
  std::string impersonate = {};
  std::string upgrade = {};  // Sec-WebSocket-Protocol: makes it an upgrade
  std::vector<net::http::Header> headers = {};
};

inline Told ask(ApiServer& server, const Ask& what) {
  net::http::Request request;
  request.method = what.method;
  request.target = what.path;
  const size_t mark = what.path.find('?');
  request.path = base::percent_decode(std::string_view(what.path).substr(0, mark));
  if (mark != std::string::npos) request.query = net::http::parse_query(std::string_view(what.path).substr(mark + 1));
  request.body = what.body;
  request.headers.add("Content-Type", what.content_type);
  if (!what.accept.empty()) request.headers.add("Accept", what.accept);
  request.websocket_upgrade = !what.upgrade.empty();
  if (!what.upgrade.empty()) request.headers.add("Sec-WebSocket-Protocol", what.upgrade);
  for (const net::http::Header& header : what.headers) request.headers.add(header.name, header.value);
  if (!what.impersonate.empty()) request.headers.add("Impersonate-User", what.impersonate);
  if (!what.bearer.empty()) {
    request.headers.add("Authorization", "Bearer " + what.bearer);
  } else if (!what.user.empty()) {
    request.peer = net::http::PeerCertificate{.common_name = what.user, .organizations = {what.group}, .sha256 = "00"};
    if (what.user.starts_with(kNodeUserPrefix) && what.group == kGroupNodes)
      request.peer->public_key_sha256 = node_key(server, what.user, "00");
  }
  auto exchange = std::make_shared<TestExchange>(std::move(request));
  auto future = exchange->future();
  server.handler()(std::move(exchange));
  if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready)
    FAIL("no answer to " + what.method + ' ' + what.path);
  return future.get();
}

}  // namespace appliance::orchestrator::apiserver::testing
