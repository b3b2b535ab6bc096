// The clients of this process: requests that never see a socket, and informers that are views of the watch cache.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "orchestrator/apiserver/api.h"
#include "orchestrator/client/client.h"
#include "orchestrator/client/rest.h"

namespace appliance::orchestrator::apiserver {

// Blocks its caller until the answer is there: never on a thread of the API server, a loop or the store.
std::unique_ptr<client::RestTransport> in_process_transport(Api& api, User user);

class CacheInformers final : public client::InformerSource {
 public:
  explicit CacheInformers(WatchCache& cache) : cache_(cache) {}
  client::Informer& informer(std::string_view resource) override;

 private:
  WatchCache& cache_;
  std::mutex mutex_;
  std::unordered_map<const Kind*, std::unique_ptr<client::Informer>> informers_;
};

}  // namespace appliance::orchestrator::apiserver
