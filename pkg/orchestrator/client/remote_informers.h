// Informers over HTTPS, for a node that has no API server of its own: list, then watch from there, for ever. What is in
// the view stays there while the API cannot be reached; a new list after a gap yields the difference as notices.
//
//   RemoteInformers informers({.https = {...}, .resources = {"pods", "services"}, .field_selectors = {{"pods",
//   "spec.nodeName=n1"}}, .log = log}, clock, random);
//   informers.informer("pods");                   // starts it
//   TRY(informers.wait_synced(30s));
//   ...
//   informers.stop();                             // before the handlers' owners go
//
// Threads: one per resource that was asked for (a worker watches four), and one that calls all handlers. Back-off
// between attempts: 100 ms doubling to retry_max, with jitter; a good answer resets it. A watch goes on from where it
// was; `410 Gone` and an ERROR event lead to a new list. 401 and 403 are logged once and tried again like all else.
// Memory: what the view holds, one page of a list, one event, and kNoticesMax notices that wait for handlers (then the
// watch is not read on). A handler may call the informers, but not wait_synced() or stop().
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "orchestrator/api/kind.h"
#include "orchestrator/client/client.h"
#include "orchestrator/client/rest.h"

namespace appliance::orchestrator::client {

struct RemoteInformerOptions {
  HttpsOptions https;
  std::vector<std::string> resources;                  // what find() carries; informer() takes any kind
  std::map<std::string, std::string> field_selectors;  // resource -> selector; authorization asks for it on pods
  std::shared_ptr<const api::KindTable> kinds;         // null: builtin_kinds()
  std::chrono::milliseconds retry_max{5000};
  std::chrono::seconds watch_timeout{300};  // asked of the server; a watch without a byte for twice as long is dead
  base::Log log;
};

class RemoteInformers final : public InformerSource {
 public:
  RemoteInformers(RemoteInformerOptions options, const base::Clock& clock, base::Random& random);
  ~RemoteInformers() override;  // stop()
  RemoteInformers(const RemoteInformers&) = delete;
  RemoteInformers& operator=(const RemoteInformers&) = delete;

  Informer& informer(std::string_view resource) override;
  Informer* find(std::string_view resource) override;  // null unless listed in `resources`
  // Until every informer that was asked for has listed once. kDeadlineExceeded names those that have not, with the last
  // error of each.
  Result<> wait_synced(std::chrono::milliseconds deadline);
  void stop();  // idempotent; no handler runs after it
  // New client certificate: connections made from now on use it, those that are open are made anew.
  void set_credentials(const std::string& certificate_pem, const std::string& key_pem);
  [[nodiscard]] bool connected() const;  // the last attempt of every informer was answered

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace appliance::orchestrator::client
