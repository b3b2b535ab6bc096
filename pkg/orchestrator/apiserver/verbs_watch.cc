// watch: a stream of events out of the watch cache (kube-api page 3.1). An idle watch is one object and one timer.
#include "base/strings.h"
#include "orchestrator/api/table.h"
#include "orchestrator/apiserver/list_options.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

using namespace std::chrono_literals;
using net::http::Chunk;

constexpr size_t kWatchQueueBytesMax =
    8U * 1024 * 1024;  // one slow client must not hold more; it is cut and lists again
constexpr std::chrono::seconds kBookmarkEvery{60};
constexpr std::chrono::seconds kTimeoutMin{1800};  // of watches that name none: 30 to 60 minutes, spread by chance
constexpr int64_t kTimeoutSecondsMax = 86400;

std::string_view type_name(Change change) {
  switch (change) {
    case Change::kAdded:
      return "ADDED";
    case Change::kModified:
      return "MODIFIED";
    case Change::kDeleted:
      return "DELETED";
  }
  return "ERROR";
}

// Lives on the cache's thread once start() ran.
class ApiWatch final : public Watcher, public std::enable_shared_from_this<ApiWatch> {
 public:
  ApiWatch(Core& core, CallPtr call, ListOptions options)
      : core_(core), call_(std::move(call)), options_(std::move(options)) {}

  // `from` unset: the present state first, as ADDED.
  void start(std::optional<int64_t> from) {
    auto include = api::parse_include_object(call_->request().query_value("includeObject"));
    if (!include) return respond_error(*call_, include.error());
    include_ = *include;
    stream_ = call_->exchange->start_stream(stream_head(*call_, "application/json"));
    const base::MonoTime now = core_.clock.monotonic();
    if (!from) {
      const Listing listing = core_.cache.list(*call_->kind, call_->ns());
      from = listing.revision;
      for (const api::ObjectPtr& object : listing.objects) {
        if (options_.matches(*object)) send(Change::kAdded, *object, object->revision);
      }
    }
    seen_ = *from;
    if (!core_.cache.add_watcher(*call_->kind, *from, shared_from_this())) return send_expired(*from);
    registered_ = true;
    timeout_ = core_.cache.queue().post_at(now + timeout(), [self = shared_from_this()] { self->time_out(); });
    if (options_.allow_bookmarks) plan_bookmark();
    stream_->on_close([weak = weak_from_this()] {
      // Weak: the stream holds this task, and the watch holds the stream.
      const auto self = weak.lock();
      if (self) (void)self->core_.cache.queue().post([self] { self->end(); });
    });
  }

  void on_event(const CacheEvent& event) override {
    if (ended_) return;
    seen_ = event.revision;
    const api::Object& object = *event.object;
    if (call_->kind->namespaced && !call_->info.ns.empty() && object.key.ns != call_->info.ns) return;
    const bool now = options_.matches(object);
    if (event.change != Change::kModified) {
      if (now) send(event.change, object, event.revision);
      return;
    }
    // What stops matching is gone for this client, what begins to match is new.
    const bool before = event.old != nullptr && options_.matches(*event.old);
    if (before && now) send(Change::kModified, object, event.revision);
    if (!before && now) send(Change::kAdded, object, event.revision);
    if (before && !now) send(Change::kDeleted, *event.old, event.revision);
  }
  void on_lost() override {
    if (!ended_) send_expired(seen_);
  }

 private:
  base::Nanos timeout() {
    if (options_.timeout_seconds && *options_.timeout_seconds > 0) {
      return std::chrono::seconds(std::min(*options_.timeout_seconds, kTimeoutSecondsMax));
    }
    return kTimeoutMin + std::chrono::seconds(core_.random.below(static_cast<uint64_t>(kTimeoutMin.count())));
  }

  void send(Change change, const api::Object& object, int64_t revision) {
    std::vector<Chunk> out;
    std::string head = "{\"type\":\"" + std::string(type_name(change)) + "\",\"object\":";
    if (call_->accepted.form == Form::kObject) {
      out.push_back(Chunk::of(head + api::splice_prefix(*object.kind, revision)));
      out.push_back({object.bytes, api::splice_rest(*object.bytes)});
      out.push_back(Chunk::literal("}\n"));
    } else {
      api::Object copy = object;
      copy.revision = revision;
      out.push_back(Chunk::of(head + other_form(copy) + "}\n"));
    }
    put(std::move(out));
  }

  std::string other_form(const api::Object& object) {
    if (call_->accepted.form == Form::kPartial) return api::partial_object_json(object, call_->accepted.meta_version);
    const api::Object* const one = &object;
    api::TableOptions table;
    table.include = include_;
    table.now_seconds = unix_seconds(core_.clock.now());
    table.list_revision = object.revision;
    table.has_columns = !columns_sent_;
    table.version = call_->accepted.meta_version;
    columns_sent_ = true;
    return api::table_json(*call_->kind, {&one, 1}, table);
  }

  void put(std::vector<Chunk> chunks) {
    if (ended_) return;
    if (stream_->bytes_queued() > kWatchQueueBytesMax) {
      core_.log.warn("a slow watch is cut", {{"user", call_->user.name}, {"path", call_->info.path}});
      return end();
    }
    if (!stream_->write(std::move(chunks))) end();
  }

  void plan_bookmark() {
    bookmark_ = core_.cache.queue().post_at(core_.clock.monotonic() + kBookmarkEvery, [self = shared_from_this()] {
      if (self->ended_) return;
      self->send_bookmark();
      self->plan_bookmark();
    });
  }
  void send_bookmark() {
    // All events up to the cache's revision have been given to this watch: they are sent on this very thread.
    const std::string revision = std::to_string(core_.cache.revision());
    std::string object = "{\"kind\":\"" + call_->kind->kind + "\",\"apiVersion\":\"" + call_->kind->api_version() +
                         "\",\"metadata\":{\"resourceVersion\":\"" + revision + "\",\"creationTimestamp\":null}}";
    put({Chunk::of("{\"type\":\"BOOKMARK\",\"object\":" + object + "}\n")});
  }

  void send_expired(int64_t from) {
    api::ApiError error;
    error.code = 410;
    error.reason = "Expired";
    error.message =
        "too old resource version: " + std::to_string(from) + " (" + std::to_string(core_.cache.floor()) + ")";
    put({Chunk::of("{\"type\":\"ERROR\",\"object\":" + json::serialize(api::to_status(error)) + "}\n")});
    end();
  }

  void time_out() {
    if (ended_) return;
    if (options_.allow_bookmarks) send_bookmark();
    end();
  }

  void end() {
    if (ended_) return;
    ended_ = true;
    stream_->finish();
    if (registered_) core_.cache.remove_watcher(*call_->kind, this);
    core_.cache.queue().cancel(timeout_);
    core_.cache.queue().cancel(bookmark_);
  }

  Core& core_;
  CallPtr call_;
  ListOptions options_;
  std::shared_ptr<net::http::Stream> stream_;
  api::IncludeObject include_ = api::IncludeObject::kMetadata;
  int64_t seen_ = 0;
  uint64_t timeout_ = 0;
  uint64_t bookmark_ = 0;
  bool registered_ = false;
  bool columns_sent_ = false;
  bool ended_ = false;
};

}  // namespace

void serve_watch(Core& core, const CallPtr& call) {
  auto parsed = parse_list_options(*call->kind, call->request());
  if (!parsed) return respond_error(*call, parsed.error());
  const bool from_now = !parsed->has_revision || parsed->revision == 0;
  std::optional<int64_t> wanted;
  if (parsed->has_revision) wanted = parsed->revision;
  with_revision(core, call, wanted, [&core, call, from_now, options = std::move(*parsed)]() mutable {
    const std::optional<int64_t> from = from_now ? std::nullopt : std::optional(options.revision);
    auto watch = std::make_shared<ApiWatch>(core, call, std::move(options));
    (void)core.cache.queue().post([watch, from] { watch->start(from); });
  });
}

}  // namespace appliance::orchestrator::apiserver
