// A node's certificate counts for as long as its name belongs to its key: the Secret kube-system/node-key.NAME, which
// is made when the certificate is issued and removed with the Node (controllers/certificates.h). So `kubectl delete
// node` shuts a machine out at once, and not when its certificate ends.
#pragma once

#include "base/error.h"
#include "net/http/message.h"
#include "orchestrator/apiserver/cache.h"
#include "orchestrator/apiserver/user.h"

namespace appliance::orchestrator::apiserver {

// `user` is whom the certificate names. Everybody but nodes passes. kUnauthenticated with what to do.
Result<> check_node_key(const WatchCache& cache, const User& user, const net::http::PeerCertificate& peer);

}  // namespace appliance::orchestrator::apiserver
