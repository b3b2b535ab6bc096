// A browser's end of the stream, for tests: frames as documents, and the rows that a page would show by now.
//
//   TestServer server;
//   Page page(server, server.listen());
//   page.say(R"({"sub":1,"kind":"pods"})");
//   REQUIRE(page.wait_synced(1));
//   page.view(1).rows.at("default/web")
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "net/http/websocket_client.h"
#include "orchestrator/apiserver/live/protocol.h"
#include "orchestrator/apiserver/sessions.h"
#include "orchestrator/apiserver/testing/test_server.h"

namespace appliance::orchestrator::apiserver::live::testing {

using apiserver::testing::must;
using apiserver::testing::TestServer;

constexpr std::chrono::seconds kDeadline{60};

class Page {
 public:
  struct Who {
    std::string user = "admin";
    std::vector<std::string> groups = {"system:masters"};
    std::vector<std::string> protocols = {std::string(kSubprotocol)};
    std::string path = "/ui/v1/stream";
    bool reuse = false;    // the certificate of the page before: making one takes time
    std::string cookie{};  // of a session, instead of a certificate
    std::string origin{};
  };
  Page(TestServer& server, const std::string& url) : Page(server, url, Who()) {}
  Page(TestServer& server, const std::string& url, const Who& who) {
    thread_local apiserver::testing::Identity identity;
    const bool has_one = !identity.key_pem.empty() && ca() == server.ca_pem;
    if (who.cookie.empty() && !(who.reuse && has_one)) identity = server.issue(who.user, who.groups);
    ca() = server.ca_pem;
    net::http::WebSocketClientOptions options;
    options.base_url = url;
    options.path = who.path;
    options.subprotocols = who.protocols;
    options.ca_pem = server.ca_pem;
    if (who.cookie.empty()) {
      options.certificate_pem = identity.certificate_pem;
      options.key_pem = identity.key_pem;
    } else {
      options.headers.add("Cookie", std::string(kSessionCookie) + '=' + who.cookie);
    }
    if (!who.origin.empty()) options.headers.add("Origin", who.origin);
    options.deadline = kDeadline;
    net::http::connect_websocket(server.loop, std::move(options), [s = state_](auto opened) {
      const std::lock_guard lock(s->mutex);
      s->changed.notify_all();
      if (!opened) {
        s->refusal = opened.error();
        return;
      }
      s->socket = *opened;
      s->socket->on_message([s](std::string message, bool binary) { s->came(std::move(message), binary); });
      s->socket->on_close([s] {
        const std::lock_guard inner(s->mutex);
        s->closed = true;
        s->changed.notify_all();
      });
    });
    (void)wait([this] { return state_->socket || state_->refusal; });
  }
  ~Page() { close(); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  void close() {
    std::shared_ptr<net::http::WebSocket> socket;
    const std::lock_guard lock(state_->mutex);
    socket = std::move(state_->socket);
  }
  void say(const std::string& frame) {
    const auto socket = socket_now();
    if (!socket) FAIL("no socket: " << (state_->refusal ? state_->refusal->message : "closed"));
    socket->send_text(frame);
  }
  void say_binary(const std::string& frame) {
    if (const auto socket = socket_now()) socket->send(frame);
  }
  void pause() {
    if (const auto socket = socket_now()) socket->pause_reading();
  }
  void resume() {
    if (const auto socket = socket_now()) socket->resume_reading();
  }
  [[nodiscard]] std::optional<Error> refusal() {
    const std::lock_guard lock(state_->mutex);
    return state_->refusal;
  }
  [[nodiscard]] bool refusal_now() const {
    const std::lock_guard lock(state_->mutex);
    return state_->refusal.has_value();
  }
  // As if nothing had come under this number.
  void forget(int64_t sub) {
    const std::lock_guard lock(state_->mutex);
    state_->views.erase(sub);
  }
  bool wait(const std::function<bool()>& what) {  // evaluated under the lock
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, kDeadline, what);
  }
  bool wait_closed() {
    return wait([this] { return state_->closed; });
  }
  bool wait_synced(int64_t sub) {
    return wait([=, this] { return state_->views[sub].synced; });
  }
  bool wait_ended(int64_t sub) {
    return wait([=, this] { return state_->views[sub].ended; });
  }
  // The Status that a subscription was refused with; -1: of no subscription.
  json::Value wait_error(int64_t sub) {
    (void)wait([=, this] { return state_->views[sub].error.has_value(); });
    const std::lock_guard lock(state_->mutex);
    return state_->views[sub].error.value_or(nullptr);
  }
  bool wait_rows(int64_t sub, const std::function<bool(const std::map<std::string, json::Value>&)>& good) {
    return wait([=, this] { return state_->views[sub].synced && good(state_->views[sub].rows); });
  }
  struct View {
    std::map<std::string, json::Value> rows;  // "ns/name" -> row
    std::map<std::string, std::string> by_uid;
    std::map<std::string, int> times;  // how often each row came, by uid
    json::Value columns;
    json::Array usage;
    bool synced = false;
    bool ended = false;
    int resets = 0;
    int after_end = 0;   // frames that must not come
    size_t largest = 0;  // rows in one frame
    int64_t total = -1;
    int64_t problems = -1;
    int64_t revision = -1;
    std::optional<json::Value> error;
  };
  View& locked_view(int64_t sub) { return state_->views[sub]; }  // inside of wait()
  View view(int64_t sub) {
    const std::lock_guard lock(state_->mutex);
    return state_->views[sub];
  }
  json::Value hello() {
    (void)wait([this] { return !state_->hello.is_null(); });
    const std::lock_guard lock(state_->mutex);
    return state_->hello;
  }
  std::string complaint() {
    const std::lock_guard lock(state_->mutex);
    return state_->complaint;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::shared_ptr<net::http::WebSocket> socket;
    std::optional<Error> refusal;
    bool closed = false;
    json::Value hello;
    std::map<int64_t, View> views;
    std::string complaint;

    void came(std::string message, bool binary) {
      const std::lock_guard lock(mutex);
      auto document = json::parse(message);
      if (binary || !document || !document->is_object()) {
        complaint = "not a text frame of JSON: " + message.substr(0, 200);
      } else {
        take(document->get_object());
      }
      changed.notify_all();
    }
    void take(const json::Object& frame) {
      if (const auto* first = json::find(frame, "hello")) {
        hello = *first;
        return;
      }
      const auto* number = json::find(frame, "sub");
      View& view = views[number == nullptr ? -1 : number->as_int64()];
      if (view.ended) ++view.after_end;
      if (const auto* columns = json::find(frame, "columns")) view.columns = *columns;
      if (const auto* usage = json::find(frame, "usage")) view.usage = usage->as_array();
      if (json::find(frame, "reset") != nullptr) {
        view.rows.clear();
        view.by_uid.clear();
        view.synced = false;
        ++view.resets;
      }
      for (const std::string_view list : {"rows", "up"}) {
        const auto* rows = json::find(frame, list);
        if (rows == nullptr) continue;
        view.largest = std::max(view.largest, rows->as_array().size());
        for (const json::Value& row : rows->as_array()) put(view, row);
      }
      if (const auto* gone = json::find(frame, "del")) {
        for (const json::Value& uid : gone->as_array()) {
          const auto found = view.by_uid.find(std::string(uid.as_string()));
          if (found == view.by_uid.end()) {
            complaint = "del of an unknown uid";
            continue;
          }
          const auto row = view.rows.find(found->second);
          if (row != view.rows.end() && json::string_at(row->second, {"u"}) == uid.as_string()) view.rows.erase(row);
          view.by_uid.erase(found);
        }
      }
      if (const auto* total = json::find(frame, "total")) {
        view.total = total->as_int64();
        view.problems = frame.at("problems").as_int64();
        view.revision = frame.at("rv").as_int64();
        if (static_cast<size_t>(view.total) != view.by_uid.size()) complaint = "total is not the number of rows";
      }
      if (json::find(frame, "synced") != nullptr) view.synced = true;
      if (json::find(frame, "end") != nullptr) view.ended = true;
      if (const auto* error = json::find(frame, "error")) view.error = *error;
    }
    static void put(View& view, const json::Value& row) {
      const std::string uid(json::string_at(row, {"u"}));
      const std::string key = std::string(json::string_at(row, {"s"})) + '/' + std::string(json::string_at(row, {"n"}));
      view.rows[key] = row;
      view.by_uid[uid] = key;
      ++view.times[uid];
    }
  };

  static std::string& ca() {
    thread_local std::string pem;  // that `identity` was issued under
    return pem;
  }
  std::shared_ptr<net::http::WebSocket> socket_now() {
    const std::lock_guard lock(state_->mutex);
    return state_->socket;
  }
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace appliance::orchestrator::apiserver::live::testing
