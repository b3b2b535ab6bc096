// How verbs talk to the server of this machine: HTTP over its control socket, which only root may open. Paths under
// /control/ are the server's own; everything else is the Kubernetes API, asked as the admin.
#pragma once

#include <string>

#include "base/json/json.h"
#include "cmd/appliance/args.h"
#include "net/http/client.h"
#include "node/config/config.h"
#include "orchestrator/api/kind.h"

namespace appliance::cmd {

// --data-dir and --run-dir, which every verb that talks to the server takes; applies environment and defaults.
class Target {
 public:
  explicit Target(Args& args);
  [[nodiscard]] Result<node::Config> config() const;

 private:
  std::string data_dir_;
  std::string run_dir_;
};

class ControlClient {
 public:
  explicit ControlClient(const node::Config& config);
  // Statuses over 399 become errors with the Status object's or the text's message.
  Result<json::Value> call(const std::string& method, const std::string& path, const json::Value* body = nullptr,
                           const std::string& content_type = "application/json",
                           const std::string& accept = "application/json");
  Result<net::http::Reply> raw(net::http::ClientRequest request);
  [[nodiscard]] bool alive();  // does a server answer?

 private:
  std::string socket_;
  net::http::Client client_;
};

// "deploy", "deployments", "deployments.apps", "Deployment" -> the kind. kNotFound with kubectl's text.
Result<const orchestrator::api::Kind*> find_resource(const std::string& name);
// "pod", "deployment.apps": the type as kubectl writes it before a name.
std::string type_label(const orchestrator::api::Kind& kind);
// /api/v1/namespaces/NS/pods or /apis/…; `name` and `sub` may be empty.
std::string resource_path(const orchestrator::api::Kind& kind, const std::string& ns, const std::string& name = {},
                          const std::string& sub = {});

}  // namespace appliance::cmd
