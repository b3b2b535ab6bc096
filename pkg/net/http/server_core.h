// What the connections of one server share, and how stop() knows that they are gone. For pkg/net/http only.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "net/http/server.h"
#include "net/loop/asio.h"

namespace appliance::net::http {

class Connection;

struct ServerMetrics {
  explicit ServerMetrics(base::Metrics& m);
  base::Counter& connections;
  base::Counter& connections_refused;
  base::Counter& requests;
  base::Counter& requests_malformed;
  base::Counter& streams_overflowed;  // clients too slow for what was written to them
  base::Gauge& connections_open;
};

struct ServerCore {
  ServerCore(Loop& loop_in, ServerOptions options_in, Handler handler_in);

  Loop& loop;
  const ServerOptions options;
  const Handler handler;
  std::unique_ptr<base::Metrics> own_metrics;  // when the options bring none
  ServerMetrics metrics;

  // False: there are too many, or the server stops; the connection must go.
  bool enter(const std::shared_ptr<Connection>& connection);
  void leave(const Connection* connection);
  void close_all();                                     // asks each connection to close
  void wait_gone(const std::weak_ptr<void>& listener);  // until no connection and no listener is left

 private:
  std::mutex mutex_;
  std::condition_variable gone_;
  bool stopping_ = false;
  std::unordered_map<const Connection*, std::weak_ptr<Connection>> open_;
};

}  // namespace appliance::net::http
