// What the composition root says to the API server. A value of references: all that it points to outlives the server.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "net/http/server.h"
#include "orchestrator/api/kind.h"
#include "orchestrator/client/node_stats.h"
#include "orchestrator/client/node_streams.h"
#include "store/kv.h"

namespace appliance::orchestrator::apiserver {

struct VersionInfo {  // GET /version
  std::string major = "1";
  std::string minor = "33";
  std::string git_version = "v1.33.0+appliance";
  std::string git_commit = "unknown";
  std::string build_date = "1970-01-01T00:00:00Z";
  std::string pages;  // of the dashboard: a hash of its files; "" = those of the commit
};
// What the dashboard compares with what it was loaded from: in the stream's hello and in GET /ui/v1/session.
inline std::string build_id(const VersionInfo& version) {
  return version.pages.empty() ? version.git_version + '-' + version.git_commit : version.pages;
}

// The dashboard's parts that are the composition root's. Null: 404.
struct WebUi {
  net::http::Handler files;   // GET /ui and /ui/… but /ui/v1: for everybody, on a pool thread
  net::http::Handler routes;  // /ui/v1/store/… and /ui/v1/tokens…: whoever comes here is allowed to, on a pool thread
};

struct Options {
  std::shared_ptr<const api::KindTable> kinds;  // null: builtin_kinds()
  store::Kv* kv = nullptr;
  const base::Clock* clock = nullptr;
  base::Random* random = nullptr;
  base::Log log;
  base::Metrics* metrics = nullptr;             // may be null
  client::NodeStreams* node_streams = nullptr;  // may be set later: ApiServer::set_node_streams()
  client::NodeStats* node_stats = nullptr;      // may be set later: ApiServer::set_node_stats()
  WebUi web_ui;
  std::string node_name;                // of this machine, for people: the dashboard shows who serves it
  std::string service_account_key_pem;  // EC P-256 private key that signs tokens
  std::string service_account_issuer = "https://kubernetes.default.svc.cluster.local";
  std::string service_cidr = "10.43.0.0/16";
  int node_port_first = 30000;
  int node_port_last = 32767;
  std::string advertise_address = "127.0.0.1";  // endpoints of the `kubernetes` service
  int advertise_port = 6443;
  int unreachable_toleration_seconds = 300;
  VersionInfo version;
  int request_threads = 4;
};

}  // namespace appliance::orchestrator::apiserver
