// pods/log: text that goes on, out of the node's streams into a chunked answer.
#include "base/strings.h"
#include "orchestrator/apiserver/list_options.h"
#include "orchestrator/apiserver/pod_streams.h"
#include "orchestrator/apiserver/verbs.h"

namespace appliance::orchestrator::apiserver {
namespace {

// The answer begins with the first bytes (or the end), so that an error before them is a Status and not a broken text.
class LogSink final : public client::ByteSink {
 public:
  explicit LogSink(CallPtr call) : call_(std::move(call)) {}
  // Headers now: a follower of a silent container must not wait for its first line to see that it is connected.
  void begin() override { (void)open(); }
  bool write(std::string bytes) override {
    const auto stream = open();
    return stream->write(std::move(bytes));
  }
  void finish(std::optional<Error> error) override {
    if (error && !started()) return respond_error(*call_, api::from_error(*error));
    const auto stream = open();
    // After the first byte a text can say what went wrong only in itself.
    if (error) stream->write("\nerror: " + error->message + '\n');
    stream->finish();
  }
  [[nodiscard]] bool closed() const override {
    const std::lock_guard lock(mutex_);
    return stream_ && stream_->closed();
  }
  [[nodiscard]] size_t bytes_queued() const override {
    const std::lock_guard lock(mutex_);
    return stream_ ? stream_->bytes_queued() : 0;
  }

 private:
  std::shared_ptr<net::http::Stream> open() {
    const std::lock_guard lock(mutex_);
    if (!stream_) stream_ = call_->exchange->start_stream(stream_head(*call_, "text/plain"));
    return stream_;
  }
  [[nodiscard]] bool started() const {
    const std::lock_guard lock(mutex_);
    return stream_ != nullptr;
  }
  CallPtr call_;
  mutable std::mutex mutex_;
  std::shared_ptr<net::http::Stream> stream_;
};

api::ApiResult<client::LogOptions> log_options(const Core& core, const net::http::Request& request) {
  client::LogOptions out;
  out.container = request.query_value("container");
  out.follow = request.query_flag("follow");
  out.previous = request.query_flag("previous");
  out.timestamps = request.query_flag("timestamps");
  const auto number = [&](std::string_view name) { return base::parse_int<int64_t>(request.query_value(name)); };
  if (const auto seconds = number("sinceSeconds")) out.since = core.clock.now() - std::chrono::seconds(*seconds);
  if (const auto text = request.query_value("sinceTime"); !text.empty()) {
    auto time = base::parse_rfc3339(text);
    if (!time) return std::unexpected(api::bad_request("sinceTime: " + time.error().message));
    out.since = *time;
  }
  out.tail_lines = number("tailLines");
  out.limit_bytes = number("limitBytes");
  if (out.tail_lines.value_or(0) < 0)
    return std::unexpected(api::bad_request("tailLines: must be greater than or equal to 0"));
  return out;
}

void answer_log(Core& core, const CallPtr& call) {
  auto options = log_options(core, call->request());
  if (!options) return respond_error(*call, options.error());
  auto target = pod_container(core, *call, options->container);
  if (!target) return respond_error(*call, target.error());
  options->container = target->container;
  if (target->node.empty()) return respond_text(*call, 200, "", "text/plain");
  client::NodeStreams* streams = core.streams;
  if (streams == nullptr) return respond_error(*call, no_node_streams());
  auto sink = std::make_shared<LogSink>(call);
  if (auto r = streams->logs(call->info.ns, call->info.name, *options, sink); !r)
    respond_error(*call, api::from_error(r.error()));
}

}  // namespace

void serve_log(Core& core, const CallPtr& call) {
  with_revision(core, call, std::nullopt, [&core, call] { answer_log(core, call); });
}

}  // namespace appliance::orchestrator::apiserver
