// Out of a kubeconfig: where the API is, and who we are there, as kubectl would read it.
//
//   const auto access = TRY(kubeconfig_access(path));
//   net::http::Client client({.base_url = access.server, .ca_pem = access.ca_pem, ...});
#pragma once

#include <string>

#include "base/error.h"

namespace appliance::node {

struct KubeconfigAccess {
  std::string context;
  std::string server;  // https://HOST:PORT
  std::string ca_pem;
  std::string certificate_pem;  // and key: or
  std::string key_pem;
  std::string token;
};

// Of the context `appliance`, or, where there is none, of the current one. Files that it names are read, relative ones
// from the kubeconfig's folder. kNotFound: no such file or context; kInvalidArgument: it makes no sense;
// kUnimplemented: credentials that another program is to fetch.
Result<KubeconfigAccess> kubeconfig_access(const std::string& path);

}  // namespace appliance::node
