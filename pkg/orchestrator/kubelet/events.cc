#include "orchestrator/kubelet/events.h"

#include "base/executor.h"

namespace appliance::orchestrator::kubelet {
namespace {

constexpr size_t kQueueMax = 2048;    // a burst of some hundred pods with a handful of events each
constexpr size_t kKnownMax = 4096;    // as client-go's aggregation cache
constexpr size_t kDrainMax = 64;      // written at stop; more would hold up the shutdown
constexpr size_t kMessageMax = 1024;  // of the API

std::string hex_nanos(base::WallTime time) {
  static constexpr char kDigits[] = "0123456789abcdef";
  auto value = static_cast<uint64_t>(time.time_since_epoch().count());
  std::string out;
  for (; value != 0; value >>= 4U) out.insert(out.begin(), kDigits[value & 15U]);
  return out;
}

}  // namespace

void EventRecorder::start() {
  thread_ = std::thread([this] { run(); });
}

void EventRecorder::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (queue_.size() > kDrainMax) queue_.resize(kDrainMax);
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EventRecorder::normal(const EventObject& object, std::string reason, std::string message) {
  push({object, "Normal", std::move(reason), std::move(message), clock_.now()});
}

void EventRecorder::warning(const EventObject& object, std::string reason, std::string message) {
  push({object, "Warning", std::move(reason), std::move(message), clock_.now()});
}

void EventRecorder::push(Event event) {
  if (event.message.size() > kMessageMax) event.message.resize(kMessageMax);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= kQueueMax) return;
    queue_.push_back(std::move(event));
  }
  wake_.notify_one();
}

void EventRecorder::run() {
  base::set_thread_name("kubelet-event");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return !queue_.empty() || stopping_; });
    if (queue_.empty()) return;
    const Event event = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    write(event);
    lock.lock();
  }
}

json::Value EventRecorder::document(const Event& event, const std::string& name) const {
  const bool pod = event.object.kind == "Pod";
  const std::string time = base::format_rfc3339(event.time);
  json::Object involved{
      {"kind", event.object.kind}, {"name", event.object.name}, {"uid", event.object.uid}, {"apiVersion", "v1"}};
  if (pod) involved["namespace"] = event.object.ns;
  if (!event.object.field_path.empty()) involved["fieldPath"] = event.object.field_path;
  return json::Object{{"apiVersion", "v1"},
                      {"kind", "Event"},
                      {"metadata", json::Object{{"name", name}, {"namespace", pod ? event.object.ns : "default"}}},
                      {"involvedObject", std::move(involved)},
                      {"reason", event.reason},
                      {"message", event.message},
                      {"source", json::Object{{"component", "kubelet"}, {"host", node_}}},
                      {"firstTimestamp", time},
                      {"lastTimestamp", time},
                      {"count", 1},
                      {"type", event.type},
                      {"eventTime", nullptr},
                      {"reportingComponent", "kubelet"},
                      {"reportingInstance", node_}};
}

void EventRecorder::write(const Event& event) {
  const std::string ns = event.object.kind == "Pod" ? event.object.ns : "default";
  const std::string key = event.object.uid + '\n' + event.object.field_path + '\n' + event.type + '\n' + event.reason +
                          '\n' + event.message;
  if (const auto found = known_.find(key); found != known_.end()) {
    const json::Value patch(
        json::Object{{"count", found->second.count + 1}, {"lastTimestamp", base::format_rfc3339(event.time)}});
    const auto done = client_.patch("events", {ns, found->second.name}, client::PatchType::kMerge, patch);
    if (done) {
      ++found->second.count;
      found->second.last = event.time;
      return;
    }
    known_.erase(found);  // expired: a new one begins
  }
  const std::string name = event.object.name + '.' + hex_nanos(event.time);
  const auto made = client_.create("events", ns, document(event, name));
  if (!made) {
    log_.debug("event not written", {{"reason", event.reason}, {"object", event.object.name}, {"error", made.error()}});
    return;
  }
  if (known_.size() >= kKnownMax) {
    auto oldest = known_.begin();
    for (auto it = known_.begin(); it != known_.end(); ++it)
      if (it->second.last < oldest->second.last) oldest = it;
    known_.erase(oldest);
  }
  known_[key] = {name, 1, event.time};
}

}  // namespace appliance::orchestrator::kubelet
