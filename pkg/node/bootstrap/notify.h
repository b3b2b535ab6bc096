// sd_notify(3): says READY=1 and STATUS=… on the datagram socket that $NOTIFY_SOCKET names. systemd listens there, and
// so does `appliance up` when it starts the server itself. Without the variable nothing happens.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::node {

void notify(std::string_view message);  // "READY=1", "STATUS=opening the store", "STOPPING=1"

// The other end, for `up`: a bound abstract socket and its name as $NOTIFY_SOCKET wants it ("@…").
struct NotifyListener {
  base::Fd socket;
  std::string name;
};
Result<NotifyListener> listen_notify();

}  // namespace appliance::node
