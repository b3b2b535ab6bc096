#include "orchestrator/client/remote_logs.h"

#include <algorithm>
#include <vector>

#include "base/executor.h"
#include "base/strings.h"

namespace appliance::orchestrator::client {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFullPoll{5};    // while the reader's queue is full: the door has no event for it
constexpr std::chrono::milliseconds kGonePoll{200};  // how soon a reader that went away is noticed
constexpr std::chrono::hours kSilenceMax{24 * 365};  // a container that is followed may be silent; see kKeepalive
constexpr std::chrono::milliseconds kAnswerWait{60000};  // a log that is not followed
constexpr std::chrono::seconds kKeepalive{10};           // a node that is gone without a word is noticed after 30 s
constexpr size_t kRefusalBytesMax = 4096;

}  // namespace

std::string kubelet_log_path(const std::string& ns, const std::string& pod, const LogOptions& options) {
  std::string out = "/containerLogs";
  for (const std::string* part : {&ns, &pod, &options.container}) out += '/' + base::percent_encode(*part);
  char separator = '?';
  const auto add = [&](std::string_view name, const std::string& value) {
    out += std::exchange(separator, '&');
    out.append(name).append("=").append(base::percent_encode(value));
  };
  if (options.follow) add("follow", "true");
  if (options.previous) add("previous", "true");
  if (options.timestamps) add("timestamps", "true");
  if (options.since) add("sinceTime", base::format_rfc3339_nano(*options.since));
  if (options.tail_lines) add("tailLines", std::to_string(*options.tail_lines));
  if (options.limit_bytes) add("limitBytes", std::to_string(*options.limit_bytes));
  return out;
}

void RemoteLogs::Fetch::wait_for_reader() {
  std::unique_lock lock(mutex);
  while (sink->bytes_queued() > kSinkHighWater && !sink->closed() && !cancelled) wake.wait_for(lock, kFullPoll);
}

void RemoteLogs::Fetch::cancel() {
  {
    const std::lock_guard lock(mutex);
    cancelled = true;
    wake.notify_all();
  }
  client.cancel();  // may wait for a connection attempt
}

void RemoteLogs::Fetch::run(std::string path, bool follow) {
  net::http::ClientRequest request{.path = std::move(path)};
  request.read_timeout = follow ? std::chrono::milliseconds(kSilenceMax) : kAnswerWait;
  std::string refusal;
  request.on_head = [&](const net::http::Response& head) {
    if (head.status == 200 && follow) sink->begin();
  };
  request.on_data = [&](const net::http::Response& head, std::string_view piece) {
    if (head.status != 200) {
      refusal.append(piece.substr(0, kRefusalBytesMax - refusal.size()));
      return true;
    }
    wait_for_reader();
    return !cancelled && sink->write(std::string(piece));
  };
  const auto reply = client.send(std::move(request));
  std::optional<Error> error;
  if (!reply) {
    error = target.error(reply.error());
  } else if (reply->status != 200) {
    error = target.error({.code = net::http::code_of_http(reply->status),
                          .message = std::string(base::trim(refusal)),
                          .errno_value = 0,
                          .hint = {}});
  }
  sink->finish(std::move(error));
}

Result<> RemoteLogs::start(NodeTarget target, const std::string& ns, const std::string& pod, const LogOptions& options,
                           std::shared_ptr<ByteSink> sink) {
  net::http::ClientOptions how;
  how.base_url = target.base_url;
  how.ca_pem = target.credentials.ca_pem;
  how.certificate_pem = target.credentials.certificate_pem;
  how.key_pem = target.credentials.key_pem;
  how.common_name = target.common_name();
  how.connect_timeout = kNodeConnectTimeout;
  how.keepalive = kKeepalive;
  auto fetch = std::make_shared<Fetch>(std::move(target), std::move(how), std::move(sink));
  const std::lock_guard lock(mutex_);
  if (stopping_) return fail(Code::kUnavailable, "the server is stopping");
  if (fetches_.size() >= kRemoteLogsMax) return fail(Code::kResourceExhausted, "too many logs of other nodes are open");
  fetch->thread =
      std::thread([fetch = fetch.get(), path = kubelet_log_path(ns, pod, options), follow = options.follow] {
        base::set_thread_name("node-log");
        fetch->run(path, follow);
        fetch->done = true;
      });
  fetches_.push_back(std::move(fetch));
  wake_.notify_all();
  return {};
}

// Joins what has ended, cancels what nobody reads any more.
void RemoteLogs::watch() {
  base::set_thread_name("node-logs");
  std::unique_lock lock(mutex_);
  for (;;) {
    if (fetches_.empty()) {
      if (stopping_) return;
      wake_.wait(lock);
      continue;
    }
    std::vector<std::shared_ptr<Fetch>> all(fetches_.begin(), fetches_.end());
    const bool stopping = stopping_;
    lock.unlock();
    for (const auto& fetch : all) {
      if (fetch->done) {
        fetch->thread.join();
      } else if (stopping || fetch->sink->closed()) {
        fetch->cancel();
      }
    }
    lock.lock();
    fetches_.remove_if([](const auto& fetch) { return !fetch->thread.joinable(); });
    if (!fetches_.empty()) wake_.wait_for(lock, stopping_ ? kFullPoll : kGonePoll);
  }
}

void RemoteLogs::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace appliance::orchestrator::client
