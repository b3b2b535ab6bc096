// Events of this node: recorded without waiting, written by one thread; the same event again raises its count by a
// PATCH. When the queue is full the newest are dropped (counted): events inform, they decide nothing.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "orchestrator/client/client.h"

namespace appliance::orchestrator::kubelet {

struct EventObject {
  std::string kind = "Pod";
  std::string ns;
  std::string name;
  std::string uid;
  std::string field_path{};  // "spec.containers{web}"
};

class EventRecorder {
 public:
  EventRecorder(client::Client& client, std::string node, const base::Clock& clock, base::Log log)
      : client_(client), node_(std::move(node)), clock_(clock), log_(std::move(log)) {}
  ~EventRecorder() { stop(); }
  void start();
  void stop();  // writes what is queued, at most kDrainMax, then returns
  void normal(const EventObject& object, std::string reason, std::string message);
  void warning(const EventObject& object, std::string reason, std::string message);

 private:
  struct Event {
    EventObject object;
    std::string type;
    std::string reason;
    std::string message;
    base::WallTime time;
  };
  struct Known {
    std::string name;
    int64_t count = 0;
    base::WallTime last;
  };
  void push(Event event);
  void run();
  void write(const Event& event);
  [[nodiscard]] json::Value document(const Event& event, const std::string& name) const;

  client::Client& client_;
  const std::string node_;
  const base::Clock& clock_;
  const base::Log log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Event> queue_;
  bool stopping_ = false;
  std::thread thread_;
  std::map<std::string, Known> known_;  // of the thread
};

}  // namespace appliance::orchestrator::kubelet
