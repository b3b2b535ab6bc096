#include <cstdint>
#include <mutex>
#include <vector>

#include "net/http/client.h"
#include "orchestrator/client/rest.h"

namespace appliance::orchestrator::client {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr size_t kIdleConnectionsMax = 8;               // kept for the next call
constexpr std::chrono::seconds kIdleMax{60};            // the server closes after 120 s: not at the moment we ask
constexpr size_t kAnswerBytesMax = 256U * 1024 * 1024;  // a list of everything in a large cluster
constexpr std::chrono::seconds kKeepalive{10};          // a server that is gone without a word is noticed after 30 s

// A connection, as the credentials were when it was made.
struct Connection {
  std::unique_ptr<net::http::Client> http;
  std::string bearer_token;
  std::chrono::milliseconds deadline{};
  uint64_t generation = 0;
  SteadyTime used;
  bool is_reused = false;
};

class HttpsTransport final : public RestTransport {
 public:
  explicit HttpsTransport(HttpsOptions options) : options_(std::move(options)) {}

  Result<RestAnswer> send(RestRequest request) override {
    Connection connection = take();
    auto reply = connection.http->send(wire_request(request, connection));
    if (!reply && connection.is_reused && request.method == "GET" && reply.error().code == Code::kUnavailable) {
      connection = make();
      reply = connection.http->send(wire_request(request, connection));
    }
    if (!reply) return fail(reply.error());  // a connection that failed is not kept
    give(std::move(connection));
    return RestAnswer{.status = reply->status, .body = std::move(reply->body)};
  }

  void set_credentials(const std::string& certificate_pem, const std::string& key_pem) {
    std::vector<Connection> old;  // closed outside the lock
    const std::lock_guard lock(mutex_);
    options_.certificate_pem = certificate_pem;
    options_.key_pem = key_pem;
    ++generation_;
    old.swap(idle_);
  }

 private:
  static net::http::ClientRequest wire_request(const RestRequest& request, const Connection& connection) {
    net::http::ClientRequest out;
    out.method = request.method;
    out.path = request.path;
    out.body = request.body;
    out.content_type = request.content_type;
    out.body_bytes_max = kAnswerBytesMax;
    out.deadline = connection.deadline;
    out.headers.add("Accept", "application/json");
    if (!connection.bearer_token.empty()) out.headers.add("Authorization", "Bearer " + connection.bearer_token);
    return out;
  }
  Connection take() {
    {
      const std::lock_guard lock(mutex_);
      const SteadyTime oldest = std::chrono::steady_clock::now() - kIdleMax;
      std::erase_if(idle_, [&](const Connection& one) { return one.used < oldest; });
      if (!idle_.empty()) {
        Connection out = std::move(idle_.back());
        idle_.pop_back();
        out.is_reused = true;
        return out;
      }
    }
    return make();
  }
  Connection make() {
    net::http::ClientOptions options;
    Connection out;
    {
      const std::lock_guard lock(mutex_);
      options.base_url = options_.base_url;
      options.ca_pem = options_.ca_pem;
      options.certificate_pem = options_.certificate_pem;
      options.key_pem = options_.key_pem;
      options.read_timeout = options_.deadline;
      out.bearer_token = options_.bearer_token;
      out.deadline = options_.deadline;
      out.generation = generation_;
    }
    options.keepalive = kKeepalive;
    out.http = std::make_unique<net::http::Client>(std::move(options));
    return out;
  }
  void give(Connection connection) {
    const std::lock_guard lock(mutex_);
    if (connection.generation != generation_ || idle_.size() >= kIdleConnectionsMax) return;
    connection.used = std::chrono::steady_clock::now();
    idle_.push_back(std::move(connection));
  }

  std::mutex mutex_;
  HttpsOptions options_;          // GUARDED_BY(mutex_)
  uint64_t generation_ = 0;       // GUARDED_BY(mutex_); of the credentials
  std::vector<Connection> idle_;  // GUARDED_BY(mutex_); the one that was used last at the end
};

class TransportClient final : public HttpsClient {
 public:
  TransportClient(std::unique_ptr<HttpsTransport> transport, HttpsTransport& same)
      : HttpsClient(std::move(transport)), transport_(same) {}
  void set_credentials(const std::string& certificate_pem, const std::string& key_pem) override {
    transport_.set_credentials(certificate_pem, key_pem);
  }

 private:
  HttpsTransport& transport_;  // the base class owns it
};

}  // namespace

std::unique_ptr<HttpsClient> https_client(HttpsOptions options) {
  auto transport = std::make_unique<HttpsTransport>(std::move(options));
  HttpsTransport& same = *transport;
  return std::make_unique<TransportClient>(std::move(transport), same);
}

}  // namespace appliance::orchestrator::client
