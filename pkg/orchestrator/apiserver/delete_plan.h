// What a delete does to an object, decided from its present state and the options. Pure, apart from delete_object().
#pragma once

#include <optional>
#include <string>

#include "net/http/message.h"
#include "orchestrator/apiserver/change.h"

namespace appliance::orchestrator::apiserver {

struct DeleteOptions {
  std::optional<int64_t> grace_seconds;
  std::string uid;  // preconditions; "" = none
  std::string resource_version;
  std::string propagation;  // "", Background, Foreground, Orphan
  bool dry_run = false;
};
// Out of the body and the query; the query wins where both speak.
api::ApiResult<DeleteOptions> parse_delete_options(const net::http::Request& request);

// kKeep: it is being deleted already, and nothing changes.
api::ApiResult<Next> next_of_delete(const api::Object& current, const DeleteOptions& options, int64_t now_seconds);

void delete_object(Core& core, const api::Kind& kind, api::ObjectKey key, DeleteOptions options, bool dry_run,
                   Decided done);

}  // namespace appliance::orchestrator::apiserver
