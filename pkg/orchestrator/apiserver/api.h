// Api: the one path of every request, from HTTP and from the clients of this process alike:
// authentication -> authorization -> admission -> storage. Transport-free: an exchange comes in, an answer goes out.
#pragma once

#include <atomic>
#include <memory>

#include "orchestrator/apiserver/core.h"

namespace appliance::orchestrator::apiserver {

inline constexpr int kRequestsMax = 512;  // let in and not answered yet, streams apart; more get 429 with Retry-After

class Api {
 public:
  explicit Api(Core& core) : core_(core) {}
  // Of a listener: identity from the certificate or the token; runs on the pool. Any thread.
  void handle(std::shared_ptr<net::http::Exchange> exchange);
  // Of this process: identity is given. Runs in the caller; answers there or on the pool.
  void handle_as(std::shared_ptr<net::http::Exchange> exchange, User user);

 private:
  void identify(const CallPtr& call, bool fresh);  // fresh: the cache was brought to the store's revision
  void serve(const CallPtr& call);
  void serve_allowed(const CallPtr& call);
  void serve_resource(const CallPtr& call);
  Core& core_;
  std::atomic<int> waiting_{0};
};

struct Identity {
  User user;
  std::optional<Session> session;  // of the dashboard, when its cookie is all that says who asks
};
// By certificate, else by token, else by the dashboard's cookie. kUnauthenticated: the credentials are bad; the message
// may be told to who showed them. kNotFound: a session that the cache does not have. Without any: anonymous.
Result<Identity> authenticate(const Core& core, const net::http::Request& request);

// Takes the identity that the headers ask for, when this user may.
api::ApiResult<void> impersonate(const net::http::Request& request, User& user);

void serve_nonresource(Core& core, const CallPtr& call);  // paths.cc

}  // namespace appliance::orchestrator::apiserver
