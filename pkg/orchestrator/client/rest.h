// RestClient: the Client interface over "send one request, get one answer". What carries the request (the API server of
// this process, or HTTPS) is a RestTransport; everything else is common to both, so that both behave alike.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "orchestrator/client/client.h"

namespace appliance::orchestrator::client {

struct RestRequest {
  std::string method;
  std::string path;  // with the query
  std::string content_type;
  std::string body;
};
struct RestAnswer {
  int status = 0;
  std::string body;
};

class RestTransport {
 public:
  virtual ~RestTransport() = default;
  // An Error only when no answer came. Thread-safe.
  virtual Result<RestAnswer> send(RestRequest request) = 0;
};

class RestClient : public Client {
 public:
  explicit RestClient(std::unique_ptr<RestTransport> transport) : transport_(std::move(transport)) {}
  Result<json::Value> get(std::string_view resource, const ObjectKey& key) override;
  Result<json::Value> list(std::string_view resource, std::string_view ns, const ListOptions& options) override;
  Result<json::Value> create(std::string_view resource, std::string_view ns, const json::Value& object,
                             const WriteOptions& options) override;
  Result<json::Value> update(std::string_view resource, const ObjectKey& key, const json::Value& object,
                             const WriteOptions& options) override;
  Result<json::Value> patch(std::string_view resource, const ObjectKey& key, PatchType type, const json::Value& patch,
                            const WriteOptions& options) override;
  Result<> remove(std::string_view resource, const ObjectKey& key, const DeleteOptions& options) override;

 private:
  Result<json::Value> exchange(RestRequest request);
  std::unique_ptr<RestTransport> transport_;
};

// Over HTTPS: one connection per call in flight, kept for the next one for a while. A connection that failed is
// dropped; a GET over one that was kept and turns out to be dead is asked once more over a new one. See
// net/http/client.h for the errors.
struct HttpsOptions {
  std::string base_url;  // https://127.0.0.1:6443
  std::string ca_pem;
  std::string certificate_pem;  // client certificate; or
  std::string key_pem;
  std::string bearer_token;  // token
  // For a whole call; a server that says nothing at all is given up after as long.
  std::chrono::milliseconds deadline{60000};
};
class HttpsClient : public RestClient {
 public:
  using RestClient::RestClient;
  // A new client certificate, for calls from now on; those that run end as they began. Thread-safe.
  virtual void set_credentials(const std::string& certificate_pem, const std::string& key_pem) = 0;
};
std::unique_ptr<HttpsClient> https_client(HttpsOptions options);

// "deployments.apps" -> "/apis/apps/v1/namespaces/NS/deployments"; kInvalidArgument for a resource that is not served.
Result<std::string> resource_path(std::string_view resource, std::string_view ns, std::string_view name,
                                  std::string_view subresource);
// "/apis/apps/v1/namespaces/NS/deployments"; ns "" = all namespaces.
std::string collection_path(const api::Kind& kind, std::string_view ns);
// The base::Error of an answer with a status over 399.
Error error_of(const RestAnswer& answer);

}  // namespace appliance::orchestrator::client
