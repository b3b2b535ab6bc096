// Call: one request on its way through authentication, authorization, admission and storage. Shared by the
// continuations of its asynchronous steps, used by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http/server.h"
#include "orchestrator/api/engine.h"
#include "orchestrator/api/errors.h"
#include "orchestrator/api/object.h"
#include "orchestrator/apiserver/negotiate.h"
#include "orchestrator/apiserver/request_info.h"
#include "orchestrator/apiserver/user.h"

namespace appliance::orchestrator::apiserver {

struct Call {
  std::shared_ptr<net::http::Exchange> exchange;
  User user;
  RequestInfo info;
  Accepted accepted;
  const api::Kind* kind = nullptr;
  std::string audit_id;
  std::vector<std::string> warnings;
  bool dry_run = false;
  std::string session;        // whose cookie the user was found by; "" = certificate, token or nobody
  std::string cookie_to_set;  // Set-Cookie of the answer; "" = none
  api::FieldValidation validation = api::FieldValidation::kWarn;

  [[nodiscard]] const net::http::Request& request() const { return exchange->request(); }
  // Namespace requests carry their own name in info.ns, for authorization: the key of the object has none.
  [[nodiscard]] api::ObjectKey key() const { return {kind->namespaced ? info.ns : std::string(), info.name}; }
  [[nodiscard]] std::string ns() const { return kind->namespaced ? info.ns : std::string(); }
};
using CallPtr = std::shared_ptr<Call>;

}  // namespace appliance::orchestrator::apiserver
