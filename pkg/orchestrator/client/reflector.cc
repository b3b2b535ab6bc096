#include "orchestrator/client/reflector.h"

#include <algorithm>

#include "base/executor.h"
#include "base/strings.h"
#include "orchestrator/api/errors.h"
#include "orchestrator/client/watch_stream.h"

namespace appliance::orchestrator::client {
namespace {

using namespace std::chrono_literals;

constexpr int kPageObjects = 200;                      // of a list: one page in memory at a time
constexpr size_t kPageBytesMax = 256U << 20U;          // 200 objects of 1 MiB, and some
constexpr size_t kObjectsMax = 500'000;                // a list that goes on longer is not a cluster's
constexpr std::chrono::milliseconds kRetryMin{100};    // doubles with each failure
constexpr std::chrono::milliseconds kListWait{30000};  // without a byte of an answer
constexpr std::chrono::milliseconds kConnectTimeout{3000};
constexpr std::chrono::seconds kKeepalive{10};  // a peer that went without a word is noticed after 30 s
constexpr base::Nanos kWatchMin = 1s;           // a watch that ends sooner and said nothing counts as failed

std::optional<Change> change_of(std::string_view type) {
  if (type == "ADDED") return Change::kAdded;
  if (type == "MODIFIED") return Change::kModified;
  if (type == "DELETED") return Change::kDeleted;
  return std::nullopt;
}

// Refused for what was asked, and not for who asks or because the server is busy.
bool wants_new_list(int status) { return status == 400 || status == 404 || status == 410 || status == 504; }

std::string thread_name(const std::string& plural) { return "watch/" + plural.substr(0, 6); }

}  // namespace

Reflector::Reflector(ReflectorOptions options, const SharedCredentials& credentials, NoticeQueue& notices,
                     const base::Clock& clock, base::Random& random, std::function<void()> changed)
    : options_(std::move(options)),
      credentials_(credentials),
      clock_(clock),
      random_(random),
      changed_(std::move(changed)),
      notices_(notices),
      view_(notices),
      thread_([this] { run(); }) {}

Reflector::State Reflector::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

// A request that runs ends with kCancelled; the thread then makes a new connection.
void Reflector::renew() {
  std::shared_ptr<net::http::Client> connection;
  {
    const std::lock_guard lock(mutex_);
    renewed_ = true;
    connection = connection_;
    wake_.notify_all();
  }
  if (connection) connection->cancel();
}

void Reflector::begin_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
}

void Reflector::stop() {
  begin_stop();
  std::shared_ptr<net::http::Client> connection;
  {
    const std::lock_guard lock(mutex_);
    connection = connection_;
  }
  if (connection) connection->cancel();
  if (thread_.joinable()) thread_.join();
}

void Reflector::run() {
  base::set_thread_name(thread_name(options_.kind->plural));
  for (;;) {
    const auto done = turn();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (!done) connection_.reset();
      if (renewed_) {
        renewed_ = false;
        failures_ = 0;
        connection_.reset();
        continue;
      }
    }
    if (done) continue;
    note_bad(done.error());
    if (!wait_before_retry()) return;
  }
}

Result<> Reflector::turn() { return position_ ? watch() : list(); }

std::string Reflector::query() const {
  return options_.field_selector.empty() ? "" : "&fieldSelector=" + base::percent_encode(options_.field_selector);
}

// --- list ------------------------------------------------------------------------------------------------------------

Result<> Reflector::list() {
  std::vector<ObjectPtr> objects;
  int64_t revision = 0;
  std::string next;
  do {
    std::string path = collection_path(*options_.kind, "") + "?limit=" + std::to_string(kPageObjects) + query();
    if (!next.empty()) path += "&continue=" + base::percent_encode(next);
    TRY(read_page(path, objects, revision, next));
    if (objects.size() > kObjectsMax) return fail(Code::kResourceExhausted, "list: too many objects");
  } while (!next.empty());
  view_.replace(std::move(objects), revision);
  position_ = revision;
  {
    const std::lock_guard lock(mutex_);
    state_.synced = true;
  }
  note_good();
  failures_ = 0;
  return {};
}

Result<> Reflector::read_page(const std::string& path, std::vector<ObjectPtr>& objects, int64_t& revision,
                              std::string& next) {
  net::http::ClientRequest request{.path = path};
  request.body_bytes_max = kPageBytesMax;
  request.read_timeout = kListWait;
  auto reply = TRY(send(std::move(request)));
  if (reply.status != 200) return fail(error_of({.status = reply.status, .body = std::move(reply.body)}));
  const json::Value page = TRY_CTX(json::parse(reply.body, {.depth_max = 72, .bytes_max = kPageBytesMax}), path);
  std::string().swap(reply.body);
  const auto at = base::parse_int<int64_t>(json::string_at(page, {"metadata", "resourceVersion"}));
  if (!at) return fail(Code::kDataLoss, "list: an answer without resourceVersion");
  revision = *at;
  next = json::string_at(page, {"metadata", "continue"});
  for (const json::Value& item : json::array_at(page, {"items"})) {
    auto object = read(item);
    if (!object) continue;
    // What did not change keeps its bytes: a new list of the same costs nothing.
    const ObjectPtr known = view_.get((*object)->key);
    const bool same = known && known->revision == (*object)->revision && known->meta.uid == (*object)->meta.uid;
    objects.push_back(same ? known : std::move(*object));
  }
  return {};
}

Result<ObjectPtr> Reflector::read(const json::Value& document) {
  auto object = object_of(*options_.kind, document);
  if (!object)
    options_.log.error("an object cannot be read and is left out",
                       {{"name", json::string_at(document, {"metadata", "name"})}, {"error", object.error()}});
  return object;
}

// --- watch -----------------------------------------------------------------------------------------------------------

Result<> Reflector::watch() {
  net::http::ClientRequest request{
      .path = collection_path(*options_.kind, "") +
              "?watch=1&allowWatchBookmarks=true&resourceVersion=" + std::to_string(*position_) +
              "&timeoutSeconds=" + std::to_string(options_.watch_timeout.count()) + query()};
  request.read_timeout = 2 * options_.watch_timeout;
  WatchStream lines;
  Result<> outcome;
  std::string refusal;
  bool has_spoken = false;
  request.on_head = [&](const net::http::Response& head) {
    if (head.status == 200) note_good();
  };
  request.on_data = [&](const net::http::Response& head, std::string_view piece) {
    if (head.status != 200) {
      refusal.append(piece.substr(0, kEventBytesMax - refusal.size()));
      return true;
    }
    has_spoken = true;
    failures_ = 0;
    outcome = lines.feed(piece, [&](std::string_view line) { return on_event(line); });
    return outcome.has_value();
  };
  const base::MonoTime begun = clock_.monotonic();
  auto reply = send(std::move(request));
  if (!outcome) {
    position_.reset();  // what the watch said cannot be gone on from
    return outcome;
  }
  if (!reply) return fail(reply.error());  // goes on from the last event
  if (reply->status != 200) {
    if (wants_new_list(reply->status)) position_.reset();
    return fail(error_of({.status = reply->status, .body = std::move(refusal)}));
  }
  if (!has_spoken && clock_.monotonic() - begun < kWatchMin)
    return fail(Code::kUnavailable, "watch: the server ended it at once");
  return {};
}

Result<> Reflector::on_event(std::string_view line) {
  const json::Value event = TRY(json::parse(line, {.depth_max = 72, .bytes_max = kEventBytesMax}));
  const std::string_view type = json::string_at(event, {"type"});
  const json::Value* document = json::find(event, {"object"});
  if (document == nullptr) return fail(Code::kDataLoss, "watch: an event without object");
  if (type == "ERROR")
    return fail(error_of(
        {.status = static_cast<int>(json::int_at(*document, {"code"}, 500)), .body = json::serialize(*document)}));
  const auto revision = base::parse_int<int64_t>(json::string_at(*document, {"metadata", "resourceVersion"}));
  if (!revision) return fail(Code::kDataLoss, "watch: an event without resourceVersion");
  if (type == "BOOKMARK") {
    view_.advance(*revision);
  } else if (const auto change = change_of(type)) {
    if (auto object = read(*document)) view_.apply(*change, std::move(*object));
  }
  position_ = *revision;
  return {};
}

// --- connection ------------------------------------------------------------------------------------------------------

std::shared_ptr<net::http::Client> Reflector::connection() {
  const std::lock_guard lock(mutex_);
  if (!connection_) {
    HttpsOptions https = credentials_.get();
    net::http::ClientOptions options;
    options.base_url = std::move(https.base_url);
    options.ca_pem = std::move(https.ca_pem);
    options.certificate_pem = std::move(https.certificate_pem);
    options.key_pem = std::move(https.key_pem);
    options.connect_timeout = kConnectTimeout;
    options.keepalive = kKeepalive;
    connection_ = std::make_shared<net::http::Client>(std::move(options));
  }
  return connection_;
}

Result<net::http::Reply> Reflector::send(net::http::ClientRequest request) {
  const auto connection = this->connection();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(Code::kCancelled, "stopping");
  }
  request.headers.add("Accept", "application/json");
  if (const auto token = credentials_.get().bearer_token; !token.empty())
    request.headers.add("Authorization", "Bearer " + token);
  return connection->send(std::move(request));
}

void Reflector::note_good() {
  {
    const std::lock_guard lock(mutex_);
    state_.answered = true;
    state_.error.clear();
  }
  changed_();
  if (!told_) return;
  told_.reset();
  options_.log.info("informer: the API answers again");
}

void Reflector::note_bad(const Error& error) {
  ++failures_;
  const bool is_gap = error.code == Code::kOutOfRange;  // 410: the next list closes it
  if (!is_gap) {
    const std::lock_guard lock(mutex_);
    state_.answered = false;
    state_.error = error.message;
  }
  changed_();
  if (is_gap || told_ == error.code) return;  // once per kind of trouble, not once per attempt
  told_ = error.code;
  const bool is_refused = error.code == Code::kUnauthenticated || error.code == Code::kPermissionDenied;
  if (is_refused)
    options_.log.error("informer: the API refuses this node, trying on", {{"error", error}});
  else
    options_.log.warn("informer: the API does not answer, trying on with what is known", {{"error", error}});
}

bool Reflector::wait_before_retry() {
  const auto most = std::max(kRetryMin, options_.retry_max);
  const auto step = std::min(most, kRetryMin * (1U << std::min(failures_ == 0 ? 0U : failures_ - 1, 10U)));
  const auto jittered =
      step / 2 + std::chrono::milliseconds(random_.below(static_cast<uint64_t>(step.count() / 2 + 1)));
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, jittered, [this] { return stopping_ || renewed_; });
  if (renewed_) failures_ = 0;
  renewed_ = false;
  return !stopping_;
}

}  // namespace appliance::orchestrator::client
