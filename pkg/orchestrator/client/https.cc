#include <mutex>
#include <vector>

#include "net/http/client.h"
#include "orchestrator/client/rest.h"

namespace appliance::orchestrator::client {
namespace {

constexpr size_t kIdleConnectionsMax = 8;               // kept for the next call
constexpr size_t kAnswerBytesMax = 256U * 1024 * 1024;  // a list of everything in a large cluster

class HttpsTransport final : public RestTransport {
 public:
  explicit HttpsTransport(HttpsOptions options) : options_(std::move(options)) {}

  Result<RestAnswer> send(RestRequest request) override {
    auto connection = take();
    net::http::ClientRequest out;
    out.method = std::move(request.method);
    out.path = std::move(request.path);
    out.body = std::move(request.body);
    out.content_type = std::move(request.content_type);
    out.body_bytes_max = kAnswerBytesMax;
    out.headers.add("Accept", "application/json");
    if (!options_.bearer_token.empty()) out.headers.add("Authorization", "Bearer " + options_.bearer_token);
    auto reply = TRY(connection->send(std::move(out)));  // a connection that failed is not kept
    give(std::move(connection));
    return RestAnswer{.status = reply.status, .body = std::move(reply.body)};
  }

 private:
  std::unique_ptr<net::http::Client> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto out = std::move(idle_.back());
        idle_.pop_back();
        return out;
      }
    }
    net::http::ClientOptions options;
    options.base_url = options_.base_url;
    options.ca_pem = options_.ca_pem;
    options.certificate_pem = options_.certificate_pem;
    options.key_pem = options_.key_pem;
    return std::make_unique<net::http::Client>(std::move(options));
  }
  void give(std::unique_ptr<net::http::Client> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleConnectionsMax) idle_.push_back(std::move(connection));
  }

  const HttpsOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<net::http::Client>> idle_;
};

}  // namespace

std::unique_ptr<Client> https_client(HttpsOptions options) {
  return std::make_unique<RestClient>(std::make_unique<HttpsTransport>(std::move(options)));
}

}  // namespace appliance::orchestrator::client
