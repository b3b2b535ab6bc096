// One request and its answer, as the handler sees it. For pkg/net/http only.
#pragma once

#include <memory>

#include "net/http/server.h"

namespace appliance::net::http {

class Connection;

std::shared_ptr<Exchange> make_exchange(std::weak_ptr<Connection> connection, Request request);

}  // namespace appliance::net::http
