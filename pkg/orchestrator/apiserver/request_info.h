// RequestInfo: what a URL and a method mean. Pure.
//
//   /apis/apps/v1/namespaces/default/deployments/web/scale   PATCH   ->  verb patch, apps/v1 deployments/scale
//   "default/web"
#pragma once

#include <string>

#include "net/http/message.h"

namespace appliance::orchestrator::apiserver {

struct RequestInfo {
  bool is_resource = false;
  std::string verb;  // get list watch create update patch delete deletecollection; else the method in lower case
  std::string path;
  std::string group;  // "" for core
  std::string version;
  std::string ns;
  std::string resource;  // plural
  std::string subresource;
  std::string name;
  bool too_deep = false;  // more segments than a resource path can have
};

RequestInfo request_info(const net::http::Request& request);

}  // namespace appliance::orchestrator::apiserver
