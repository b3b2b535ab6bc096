#include "orchestrator/apiserver/inprocess.h"

#include <atomic>
#include <condition_variable>

#include "base/check.h"
#include "base/strings.h"

namespace appliance::orchestrator::apiserver {
namespace {

// Where the answer of one request lands; the caller waits for it.
struct Landing {
  std::mutex mutex;
  std::condition_variable there;
  bool ended = false;
  Result<client::RestAnswer> answer = fail(Code::kUnavailable, "the API server is stopping");
  void put(Result<client::RestAnswer> value) {
    const std::lock_guard lock(mutex);
    if (ended) return;
    answer = std::move(value);
    ended = true;
    there.notify_all();
  }
};

class LocalExchange final : public net::http::Exchange {
 public:
  LocalExchange(net::http::Request request, std::shared_ptr<Landing> landing)
      : request_(std::move(request)), landing_(std::move(landing)) {}
  ~LocalExchange() override { landing_->put(fail(Code::kUnavailable, "the API server is stopping")); }
  [[nodiscard]] const net::http::Request& request() const override { return request_; }
  void respond(net::http::Response response) override {
    client::RestAnswer answer{.status = response.status, .body = {}};
    for (const auto& chunk : response.body) answer.body += chunk.bytes;
    landing_->put(std::move(answer));
  }
  std::shared_ptr<net::http::Stream> start_stream(net::http::Response) override;
  void accept_websocket(std::string_view, std::function<void(std::shared_ptr<net::http::WebSocket>)>) override {
    landing_->put(fail(Code::kUnimplemented, "no web sockets inside the process"));
  }
  void on_abort(base::Task) override {}

 private:
  net::http::Request request_;
  std::shared_ptr<Landing> landing_;
};

// Streams are for other ways (informers, NodeStreams): this one is closed from the start.
class ClosedStream final : public net::http::Stream {
 public:
  bool write(std::vector<net::http::Chunk>) override { return false; }
  void finish() override {}
  [[nodiscard]] bool closed() const override { return true; }
  [[nodiscard]] size_t bytes_queued() const override { return 0; }
  void on_close(base::Task task) override { task(); }
  void on_drain(base::Task task) override { task(); }
};

std::shared_ptr<net::http::Stream> LocalExchange::start_stream(net::http::Response) {
  landing_->put(fail(Code::kUnimplemented, "no streams through the in-process client"));
  return std::make_shared<ClosedStream>();
}

class InProcessTransport final : public client::RestTransport {
 public:
  InProcessTransport(Api& api, User user) : api_(api), user_(std::move(user)) {}
  Result<client::RestAnswer> send(client::RestRequest request) override {
    net::http::Request out;
    out.method = std::move(request.method);
    out.target = std::move(request.path);
    const size_t mark = out.target.find('?');
    out.path = base::percent_decode(std::string_view(out.target).substr(0, mark));
    if (mark != std::string::npos) out.query = net::http::parse_query(std::string_view(out.target).substr(mark + 1));
    if (!request.content_type.empty()) out.headers.add("Content-Type", std::move(request.content_type));
    out.body = std::move(request.body);
    out.remote_address = "in-process";
    auto landing = std::make_shared<Landing>();
    api_.handle_as(std::make_shared<LocalExchange>(std::move(out), landing), user_);
    std::unique_lock lock(landing->mutex);
    landing->there.wait(lock, [&] { return landing->ended; });
    return std::move(landing->answer);
  }

 private:
  Api& api_;
  const User user_;
};

// Calls the handler under its own lock, so that an unsubscriber can wait for a call that runs.
class Subscriber final : public Watcher {
 public:
  explicit Subscriber(std::function<void(const client::Notice&)> handler) : handler_(std::move(handler)) {}
  void on_event(const CacheEvent& event) override { give({event.change, event.object, event.old}); }
  void on_lost() override {}  // the cache lists anew and sends the difference
  void give(const client::Notice& notice) {
    const std::lock_guard lock(mutex_);
    if (handler_) handler_(notice);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    handler_ = nullptr;
  }

 private:
  std::recursive_mutex mutex_;  // a handler may drop its own subscription
  std::function<void(const client::Notice&)> handler_;
};

class CacheSubscription final : public client::Subscription {
 public:
  CacheSubscription(WatchCache& cache, const Kind& kind, std::shared_ptr<Subscriber> subscriber)
      : cache_(cache), kind_(kind), subscriber_(std::move(subscriber)) {}
  ~CacheSubscription() override {
    subscriber_->close();
    (void)cache_.queue().post(
        [&cache = cache_, &kind = kind_, subscriber = subscriber_] { cache.remove_watcher(kind, subscriber.get()); });
  }

 private:
  WatchCache& cache_;
  const Kind& kind_;
  std::shared_ptr<Subscriber> subscriber_;
};

class CacheInformer final : public client::Informer {
 public:
  CacheInformer(WatchCache& cache, const Kind& kind) : cache_(cache), kind_(kind) {}
  [[nodiscard]] ObjectPtr get(const ObjectKey& key) const override { return cache_.get(kind_, key); }
  [[nodiscard]] std::vector<ObjectPtr> list(std::string_view ns) const override {
    return cache_.list(kind_, ns).objects;
  }
  [[nodiscard]] std::vector<ObjectPtr> by_owner(std::string_view uid) const override {
    return cache_.by_owner(kind_, uid);
  }
  [[nodiscard]] std::vector<ObjectPtr> by_node(std::string_view node) const override {
    return cache_.by_node(kind_, node);
  }
  [[nodiscard]] int64_t revision() const override { return cache_.revision(); }
  [[nodiscard]] std::unique_ptr<client::Subscription> subscribe(
      std::function<void(const client::Notice&)> handler) override {
    auto subscriber = std::make_shared<Subscriber>(std::move(handler));
    (void)cache_.queue().post([&cache = cache_, &kind = kind_, subscriber] {
      // On the cache's own thread nothing changes between the listing and the registration.
      const Listing listing = cache.list(kind, "");
      for (const ObjectPtr& object : listing.objects) subscriber->give({Change::kAdded, object, nullptr});
      APP_CHECK(cache.add_watcher(kind, listing.revision, subscriber));
    });
    return std::make_unique<CacheSubscription>(cache_, kind_, std::move(subscriber));
  }

 private:
  WatchCache& cache_;
  const Kind& kind_;
};

}  // namespace

std::unique_ptr<client::RestTransport> in_process_transport(Api& api, User user) {
  return std::make_unique<InProcessTransport>(api, std::move(user));
}

client::Informer& CacheInformers::informer(std::string_view resource) {
  const Kind* kind = cache_.kinds().by_resource(resource);
  APP_CHECK_MSG(kind != nullptr, resource);
  const std::lock_guard lock(mutex_);
  auto& slot = informers_[kind];
  if (!slot) slot = std::make_unique<CacheInformer>(cache_, *kind);
  return *slot;
}

}  // namespace appliance::orchestrator::apiserver
