// The dashboard's routes that need the store itself or the cluster's CA: for administrators, whom the API server has
// let through. Answers are JSON, errors are Kubernetes Status documents; nothing may be kept by a cache.
//
//   GET /ui/v1/store/status   as `appliance store status -o json`, and "members": [{"name","address","role","voter"}]
//   GET /ui/v1/store/keys?prefix=P&after=K&limit=N
//       {"revision","keys":[{"key","create_revision","mod_revision","version","lease","size"}],"more","count"}
//       in key order behind K; at most kKeysMax (100 when not said); `count`: keys from there to the end of the prefix
//   GET /ui/v1/store/key?key=K
//       one of these, and "revision","encoding","value","secret": the value as text. encoding: `json` (indented),
//       `text` (it is UTF-8) or `base64`; secret: it is a Secret's, in the clear
//   GET /ui/v1/tokens                  {"tokens":[{"id","role","expires","expired","description"}]}
//   POST /ui/v1/tokens {"ttl":"24h","role":"worker","description":""}, all may be left out
//       201 {"id","token","role","expires","description","address","command"}: the only time that the token is shown
//   DELETE /ui/v1/tokens?id=ID         {"deleted":"ID"}
// Keys that are no UTF-8 are in "key64" instead of "key"; after64= and key64= ask for them.
//
// Work is done on `executor`, which may block: its owner stops it before the store and the API's client go.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/random.h"
#include "net/http/server.h"
#include "node/config/config.h"
#include "orchestrator/client/client.h"
#include "store/kv.h"

namespace appliance::node::webui {

inline constexpr int64_t kKeysMax = 500;
inline constexpr int64_t kKeysDefault = 100;
inline constexpr size_t kBodyBytesMax = 4096;  // a token's wish

struct RouteDeps {
  const Config& config;
  store::Kv& kv;
  std::function<orchestrator::client::Client*()> client;  // as the cluster's admin; asked for each request
  std::function<int()> port;                              // of the API, where machines join
  const std::string& ca_pem;
  const base::Clock& clock;
  base::Random& random;
  base::Executor& executor;
  base::Log log;
};

net::http::Handler route_handler(RouteDeps deps);

}  // namespace appliance::node::webui
