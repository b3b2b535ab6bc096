// Reads of other objects on behalf of pods: from the shared informers, and where those have nothing yet, from the API.
// Also the service-account tokens, which are asked for once and renewed at 80% of their life.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "orchestrator/client/client.h"
#include "orchestrator/kubelet/env.h"
#include "orchestrator/kubelet/projection.h"
#include "orchestrator/kubelet/spec.h"

namespace appliance::orchestrator::kubelet {

class ApiReader {
 public:
  ApiReader(client::Client& client, client::InformerSource& informers, const base::Clock& clock)
      : client_(client), informers_(informers), clock_(clock) {}

  Result<json::Value> get(std::string_view resource, const std::string& ns, const std::string& name);
  [[nodiscard]] Lookup lookup(const std::string& ns);
  std::vector<ServiceView> services(const std::string& ns);

  // Is there no pod of this uid any more? For answers that may mean it: a node is forbidden to see what is not its own,
  // and a pod that is gone is nobody's. False while the informer has seen nothing yet.
  bool pod_is_gone(const client::ObjectKey& key, const std::string& uid);

  // A token bound to the pod. `renew_at` gets the earliest time at which one of the pod's tokens wants renewal.
  Result<std::string> token(const PodSpec& pod, const TokenRequest& request, base::WallTime& renew_at);
  void forget_tokens(const std::string& pod_uid);

 private:
  struct Token {
    std::string text;
    base::WallTime renew_at;
    base::WallTime expires;
  };
  client::Client& client_;
  client::InformerSource& informers_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::map<std::string, Token>> tokens_;  // pod uid -> audience + seconds
};

}  // namespace appliance::orchestrator::kubelet
