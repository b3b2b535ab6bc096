#include "node/dev/fixture_streams.h"

#include <algorithm>
#include <utility>

#include "base/executor.h"
#include "base/strings.h"
#include "node/dev/fixture_objects.h"

namespace appliance::node::dev {
namespace {

namespace client = orchestrator::client;

constexpr std::chrono::milliseconds kTick{20};
constexpr size_t kChunkBytes = 64U * 1024;

const json::Value* container_status(const json::Value& pod, std::string_view container) {
  for (const auto* list : {"containerStatuses", "initContainerStatuses"})
    for (const auto& entry : json::array_at(pod, {"status", list}))
      if (json::string_at(entry, {"name"}) == container) return &entry;
  return nullptr;
}

std::unexpected<Error> waiting(std::string_view pod, std::string_view container, std::string_view reason) {
  const std::string why = reason == "ImagePullBackOff" || reason == "ErrImagePull" ? "trying and failing to pull image"
                          : reason.empty()                                         ? "ContainerCreating"
                                                                                   : std::string(reason);
  return fail(Code::kInvalidArgument, "container \"" + std::string(container) + "\" in pod \"" + std::string(pod) +
                                          "\" is waiting to start: " + why);
}

base::WallTime finished_at(const json::Value& status, json::Path path, base::WallTime otherwise) {
  return base::parse_rfc3339(json::string_at(status, path)).value_or(otherwise);
}

}  // namespace

FixtureStreams::FixtureStreams(Deps deps) : deps_(deps), started_(deps.clock.now()), thread_([this] { run(); }) {}

FixtureStreams::~FixtureStreams() { stop(); }

void FixtureStreams::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<LogShape> FixtureStreams::shape_of(const json::Value& pod, const client::LogOptions& options) const {
  const auto name = json::string_at(pod, {"metadata", "name"});
  const auto* status = container_status(pod, options.container);
  if (status == nullptr) return waiting(name, options.container, {});
  const auto uid = json::string_at(pod, {"metadata", "uid"});
  LogShape shape;
  shape.seed = base::fnv1a64(std::string(uid) + '/' + options.container);
  shape.lines_per_second = deps_.lines_per_second;
  shape.colours = shape.seed % 3 == 0;
  if (options.previous) {
    if (json::find(*status, {"lastState", "terminated"}) == nullptr)
      return fail(Code::kInvalidArgument, "previous terminated container \"" + options.container + "\" in pod \"" +
                                              std::string(name) + "\" not found");
    shape.kind = LogKind::kCrash;
    shape.first = finished_at(*status, {"lastState", "terminated", "finishedAt"}, started_);
    return shape;
  }
  if (const auto* wait = json::find(*status, {"state", "waiting"}); wait != nullptr) {
    const auto reason = json::string_at(*wait, {"reason"});
    if (reason != "CrashLoopBackOff") return waiting(name, options.container, reason);
    shape.kind = LogKind::kCrash;
    shape.first = finished_at(*status, {"lastState", "terminated", "finishedAt"}, started_);
    return shape;
  }
  if (json::find(*status, {"state", "terminated"}) != nullptr) {  // an init container
    shape.kind = LogKind::kCrash;
    shape.first = finished_at(*status, {"state", "terminated", "finishedAt"}, started_);
    return shape;
  }
  const auto note = json::string_at(pod, {"metadata", "annotations", kLogNote});
  shape.kind = note == kLogLongLine ? LogKind::kLongLine : note == kLogHostile ? LogKind::kHostile : LogKind::kService;
  shape.first = started_ -
                std::chrono::microseconds(kLogHistoryLines * 1'000'000 / static_cast<uint64_t>(deps_.lines_per_second));
  return shape;
}

Result<> FixtureStreams::logs(const std::string& ns, const std::string& pod, const client::LogOptions& options,
                              std::shared_ptr<client::ByteSink> sink) {
  const auto object = deps_.informers.informer("pods").get({ns, pod});
  if (!object) return fail(Code::kNotFound, "pod '" + pod + "' not found on this node");
  Reader reader{.shape = TRY(shape_of(object->document(), options)), .options = options, .sink = std::move(sink)};
  reader.end = log_end(reader.shape, deps_.clock.now());
  reader.next = log_begin(reader.shape, reader.end, options.tail_lines, options.since);
  reader.bytes_left = options.limit_bytes.value_or(-1);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(Code::kUnavailable, "the fixture is stopping");
    if (readers_ >= kLogReadersMax) return fail(Code::kResourceExhausted, "too many streams are open on this node");
    ++readers_;
    if (options.follow) reader.sink->begin();
    arrived_.push_back(std::move(reader));
  }
  wake_.notify_all();
  return {};
}

Result<std::shared_ptr<client::ExecSession>> FixtureStreams::exec(const client::ExecRequest& /*request*/,
                                                                  std::shared_ptr<client::ExecPeer> /*peer*/) {
  return fail(Code::kUnimplemented, "a fixture has no containers: nothing can run in them");
}

void FixtureStreams::run() {
  base::set_thread_name("fixture-logs");
  std::vector<Reader> readers;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (readers.empty())
        wake_.wait(lock, [this] { return stopping_ || !arrived_.empty(); });
      else
        wake_.wait_for(lock, kTick, [this] { return stopping_ || !arrived_.empty(); });
      for (auto& reader : arrived_) readers.push_back(std::move(reader));
      arrived_.clear();
      readers_ = readers.size();
      if (stopping_) break;
    }
    std::erase_if(readers, [this](Reader& reader) { return !serve(reader); });
    const std::lock_guard lock(mutex_);
    readers_ = readers.size() + arrived_.size();
  }
  for (auto& reader : readers) reader.sink->finish(std::nullopt);
}

bool FixtureStreams::serve(Reader& reader) const {
  const bool follows = reader.options.follow && reader.shape.kind != LogKind::kCrash;
  const auto end = follows ? log_end(reader.shape, deps_.clock.now()) : reader.end;
  bool goes_on = !reader.sink->closed();
  while (goes_on && reader.next < end && reader.bytes_left != 0 &&
         reader.sink->bytes_queued() < client::kSinkHighWater) {
    std::string chunk;
    for (; reader.next < end && chunk.size() < kChunkBytes; ++reader.next) {
      if (reader.options.timestamps) chunk += base::format_rfc3339_nano(log_time(reader.shape, reader.next)) + ' ';
      chunk += log_text(reader.shape, reader.next);
      chunk += '\n';
    }
    if (reader.bytes_left > 0) {
      chunk.resize(std::min(chunk.size(), static_cast<size_t>(reader.bytes_left)));
      reader.bytes_left -= static_cast<int64_t>(chunk.size());
    }
    goes_on = reader.sink->write(std::move(chunk));
  }
  if (goes_on && reader.bytes_left != 0 && (follows || reader.next < end)) return true;
  reader.sink->finish(std::nullopt);
  return false;
}

}  // namespace appliance::node::dev
