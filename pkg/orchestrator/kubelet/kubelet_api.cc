#include "orchestrator/kubelet/kubelet_api.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/elastic_pool.h"
#include "base/strings.h"
#include "net/http/status_of.h"
#include "orchestrator/client/remote_command.h"
#include "orchestrator/client/stats_summary.h"

namespace appliance::orchestrator::kubelet {
namespace {

using net::http::Exchange;
using net::http::Request;

constexpr std::string_view kMasters = "system:masters";

void refuse(Exchange& exchange, int status, const std::string& text) {
  exchange.respond(net::http::text_response(status, text + '\n'));
}

// The answer begins with the first bytes, with begin(), or with the end: an error before that has a status of its own.
class LogSink final : public client::ByteSink {
 public:
  explicit LogSink(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  void begin() override { (void)open(); }
  bool write(std::string bytes) override { return open()->write(std::move(bytes)); }
  void finish(std::optional<Error> error) override {
    if (error && !stream()) return refuse(*exchange_, net::http::status_of(error->code), error->message);
    const auto out = open();
    if (error) out->write("\nerror: " + error->message + '\n');
    out->finish();
  }
  [[nodiscard]] bool closed() const override {
    const auto out = stream();
    return out && out->closed();
  }
  [[nodiscard]] size_t bytes_queued() const override {
    const auto out = stream();
    return out ? out->bytes_queued() : 0;
  }

 private:
  [[nodiscard]] std::shared_ptr<net::http::Stream> stream() const {
    const std::lock_guard lock(mutex_);
    return stream_;
  }
  std::shared_ptr<net::http::Stream> open() {
    const std::lock_guard lock(mutex_);
    if (!stream_)
      stream_ = exchange_->start_stream(
          {.status = 200, .content_type = "text/plain; charset=utf-8", .headers = {}, .body = {}});
    return stream_;
  }
  const std::shared_ptr<Exchange> exchange_;
  mutable std::mutex mutex_;
  std::shared_ptr<net::http::Stream> stream_;
};

Result<std::optional<int64_t>> number_of(const Request& request, const char* name) {
  const std::string_view text = request.query_value(name);
  if (text.empty()) return std::nullopt;
  const auto number = base::parse_int<int64_t>(text);
  if (!number || *number < 0) return fail(Code::kInvalidArgument, std::string(name) + ": must be a number, 0 or more");
  return *number;
}

Result<client::LogOptions> log_options(const Request& request, const std::string& container, base::WallTime now) {
  client::LogOptions out;
  out.container = container;
  out.follow = request.query_flag("follow");
  out.previous = request.query_flag("previous");
  out.timestamps = request.query_flag("timestamps");
  out.tail_lines = TRY(number_of(request, "tailLines"));
  out.limit_bytes = TRY(number_of(request, "limitBytes"));
  constexpr int64_t kSecondsMax = 100LL * 366 * 86400;  // further back there is no log
  if (const auto seconds = TRY(number_of(request, "sinceSeconds")))
    out.since = now - std::chrono::seconds(std::min(*seconds, kSecondsMax));
  if (const auto text = request.query_value("sinceTime"); !text.empty())
    out.since = TRY_CTX(base::parse_rfc3339(text), "sinceTime");
  return out;
}

// Where bridges post their work for as long as the API is there. They may live longer than it.
struct Gate {
  std::mutex mutex;
  std::condition_variable closed;
  base::ElasticPool* pool = nullptr;
  bool post(base::Task task) {
    const std::lock_guard lock(mutex);
    return pool != nullptr && pool->post(std::move(task));
  }
  void wait(base::Nanos delay) {
    std::unique_lock lock(mutex);
    closed.wait_for(lock, delay, [this] { return pool == nullptr; });
  }
  void close() {
    const std::lock_guard lock(mutex);
    pool = nullptr;
    closed.notify_all();
  }
};

class KubeletApi {
 public:
  KubeletApi(client::NodeStreams& streams, KubeletApiOptions options)
      : streams_(streams), options_(std::move(options)) {
    gate_->pool = &pool_;
  }
  ~KubeletApi() {
    gate_->close();
    pool_.stop();
  }
  KubeletApi(const KubeletApi&) = delete;
  KubeletApi& operator=(const KubeletApi&) = delete;

  void handle(const std::shared_ptr<Exchange>& exchange) {
    const Request& request = exchange->request();
    if (!request.peer) return refuse(*exchange, 401, request.peer_error.empty() ? "Unauthorized" : request.peer_error);
    const auto& groups = request.peer->organizations;
    if (std::ranges::find(groups, kMasters) == groups.end())
      return refuse(*exchange, 403, "Forbidden (user=" + request.peer->common_name + ')');
    const auto parts = base::split(std::string_view(request.path).substr(1), '/');
    const bool reads = request.method == "GET";
    if (parts.size() == 1 && parts[0] == "healthz" && reads)
      return exchange->respond(net::http::text_response(200, "ok"));
    if (parts.size() == 1 && parts[0] == "metrics" && reads && options_.metrics != nullptr)
      return exchange->respond(
          net::http::text_response(200, options_.metrics->expose(), "text/plain; version=0.0.4; charset=utf-8"));
    if (parts.size() == 2 && parts[0] == "stats" && parts[1] == "summary" && reads && options_.stats != nullptr)
      return summary(exchange);
    const bool is_whole = parts.size() == 4 && std::ranges::none_of(parts, &std::string_view::empty);
    if (is_whole && parts[0] == "containerLogs" && reads) return logs(exchange, parts);
    if (is_whole && (parts[0] == "exec" || parts[0] == "attach")) return exec(exchange, parts);
    refuse(*exchange, 404, "404 page not found");
  }

 private:
  using Parts = std::vector<std::string_view>;  // "containerLogs", namespace, pod, container

  void logs(const std::shared_ptr<Exchange>& exchange, const Parts& parts) {
    const auto options = log_options(exchange->request(), std::string(parts[3]), clock().now());
    if (!options) return refuse(*exchange, 400, options.error().message);
    const bool posted =
        pool_.post([this, exchange, ns = std::string(parts[1]), pod = std::string(parts[2]), options = *options] {
          const auto started = streams_.logs(ns, pod, options, std::make_shared<LogSink>(exchange));
          if (!started) refuse(*exchange, net::http::status_of(started.error().code), started.error().message);
        });
    if (!posted) refuse(*exchange, 503, "the kubelet is busy");
  }

  void summary(const std::shared_ptr<Exchange>& exchange) {
    options_.stats->usage(options_.node, [exchange, node = options_.node](const Result<client::NodeUsage>& usage) {
      if (!usage) return refuse(*exchange, net::http::status_of(usage.error().code), usage.error().message);
      exchange->respond(net::http::text_response(200, json::serialize(client::stats_summary(*usage, node)) + '\n',
                                                 "application/json"));
    });
  }

  void exec(const std::shared_ptr<Exchange>& exchange, const Parts& parts) {
    const Request& request = exchange->request();
    client::ExecRequest exec;
    exec.attach = parts[0] == "attach";
    exec.ns = parts[1];
    exec.pod = parts[2];
    exec.container = parts[3];
    exec.command = request.query_values("command");
    exec.stdin_open = request.query_flag("input");
    exec.stdout_open = request.query_flag("output");
    exec.tty = request.query_flag("tty");
    exec.stderr_open = request.query_flag("error") && !exec.tty;
    if (!exec.attach && exec.command.empty()) return refuse(*exchange, 400, "you must specify at least one command");
    if (!exec.stdin_open && !exec.stdout_open && !exec.stderr_open)
      return refuse(*exchange, 400, "you must specify at least one of input, output, error");
    const std::string_view protocol = client::chosen_protocol(request.headers.get("Sec-WebSocket-Protocol"));
    if (!request.websocket_upgrade || protocol.empty())
      return refuse(*exchange, 400, "upgrade to WebSocket with v5.channel.k8s.io or v4.channel.k8s.io required");
    auto bridge = std::make_shared<client::ExecBridge>(std::move(exec), threads());
    exchange->accept_websocket(protocol, [bridge, &streams = streams_](std::shared_ptr<net::http::WebSocket> socket) {
      bridge->opened(streams, std::move(socket));
    });
  }

  [[nodiscard]] client::BridgeThreads threads() const {
    return {.run = [gate = gate_](base::Task task) { (void)gate->post(std::move(task)); },
            .run_after =
                [gate = gate_](base::Nanos delay, base::Task task) {
                  (void)gate->post([gate, delay, task = std::move(task)]() mutable {
                    gate->wait(delay);  // on a thread that is there for it, only while input is held back
                    task();
                  });
                }};
  }

  const base::Clock& clock() const { return options_.clock != nullptr ? *options_.clock : system_clock_; }

  client::NodeStreams& streams_;
  const KubeletApiOptions options_;
  const base::SystemClock system_clock_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  base::ElasticPool pool_{{.name = "kubelet-api", .threads_max = kApiThreadsMax, .queue_max = 1024}};
};

}  // namespace

net::http::Handler kubelet_api_handler(client::NodeStreams& streams, KubeletApiOptions options) {
  auto api = std::make_shared<KubeletApi>(streams, std::move(options));
  return [api](const std::shared_ptr<Exchange>& exchange) { api->handle(exchange); };
}

}  // namespace appliance::orchestrator::kubelet
