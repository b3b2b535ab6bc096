// The fixed authorizer of first light (until RBAC lands): system:masters may do everything, a node what is its own,
// a join token's holder makes certificate requests and reads them, everybody else gets discovery, version, health and
// self reviews. Reads the watch cache, writes nothing.
#pragma once

#include <string>

#include "orchestrator/api/errors.h"
#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/user.h"

namespace appliance::orchestrator::apiserver {

struct Attributes {
  std::string verb;
  std::string group;
  std::string resource;
  std::string subresource;
  std::string ns;
  std::string name;
  std::string path;  // of a request that is not for a resource
  bool is_resource = true;
  std::string field_selector;
};

bool authorized(const WatchCache& cache, const User& user, const Attributes& attributes);

// The answer for this user may change with the objects in the cache: a refusal out of an old view is to be asked again.
bool depends_on_objects(const User& user, const Attributes& attributes);

// `pods "p" is forbidden: User "u" cannot get resource "pods/log" in API group "" in the namespace "d"`
api::ApiError forbidden_error(const User& user, const Attributes& attributes);

// The node of a node identity; "" for everybody else.
std::string_view node_of(const User& user);
bool is_bootstrapper(const User& user);  // the holder of a join token

}  // namespace appliance::orchestrator::apiserver
