// What the remote clients are made of, without a connection: lines of a watch, the view and its notices, the end of an
// exec, the paths that a kubelet is asked for. The whole ways are tested by apiserver/remote_informers_test.cc and
// kubelet/stream_router_test.cc.
#include <catch2/catch.hpp>

#include <future>

#include "orchestrator/client/remote_command.h"
#include "orchestrator/client/remote_exec.h"
#include "orchestrator/client/remote_logs.h"
#include "orchestrator/client/remote_view.h"
#include "orchestrator/client/watch_stream.h"

namespace appliance::orchestrator::client {
namespace {

const api::Kind& kind_of(std::string_view resource) {
  static const auto kinds = api::builtin_kinds();
  return *kinds->by_resource(resource);
}

ObjectPtr map_of(const std::string& name, int64_t revision, const std::string& uid = "u") {
  const std::string text = R"({"metadata":{"name":")" + name + R"(","namespace":"ns","uid":")" + uid +
                           R"(","resourceVersion":")" + std::to_string(revision) + R"("}})";
  return object_of(kind_of("configmaps"), json::parse(text).value()).value();
}

struct Lines {
  std::mutex mutex;
  std::vector<std::string> lines;
  void add(const Notice& notice) {
    static constexpr char kSigns[] = "+~-";
    const std::lock_guard lock(mutex);
    lines.push_back(kSigns[static_cast<int>(notice.change)] + notice.object->key.name);
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(lines, {});
  }
};

// Returns when the queue has delivered all that was pushed before.
void flush(NoticeQueue& queue) {
  std::promise<void> reached;
  auto handlers = std::make_shared<const NoticeHandlers>(
      NoticeHandlers{std::make_shared<NoticeHandler>([&](const Notice&) { reached.set_value(); })});
  queue.push(handlers, {Change::kAdded, map_of("flush", 1), nullptr});
  REQUIRE(reached.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
}

}  // namespace

TEST_CASE("watch stream: lines come whole, however their bytes were cut") {
  const std::string body = "{\"a\":1}\n\n{\"b\":2}\n{\"c\":3}\nrest";
  for (size_t piece = 1; piece <= body.size(); ++piece) {
    WatchStream stream;
    std::vector<std::string> lines;
    for (size_t at = 0; at < body.size(); at += piece)
      REQUIRE(stream
                  .feed(std::string_view(body).substr(at, piece),
                        [&](std::string_view line) -> Result<> {
                          lines.emplace_back(line);
                          return {};
                        })
                  .has_value());
    CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"});
  }
}

TEST_CASE("watch stream: an event without end and an error of the reader end it") {
  WatchStream stream;
  const auto ignore = [](std::string_view) -> Result<> { return {}; };
  const std::string part(1U << 20U, 'x');
  Result<> fed;
  size_t bytes = 0;
  while (fed && bytes <= kEventBytesMax + part.size()) {
    fed = stream.feed(part, ignore);
    bytes += part.size();
  }
  REQUIRE_FALSE(fed.has_value());
  CHECK(fed.error().code == Code::kResourceExhausted);
  CHECK(bytes == kEventBytesMax + part.size());
  WatchStream other;
  int calls = 0;
  const auto refused = other.feed("a\nb\n", [&](std::string_view) -> Result<> {
    ++calls;
    return fail(Code::kOutOfRange, "gone");
  });
  CHECK(refused.error().code == Code::kOutOfRange);
  CHECK(calls == 1);
}

TEST_CASE("remote view: a new list becomes the difference, a change of what is not known its beginning") {
  NoticeQueue queue;
  RemoteView view(queue);
  Lines heard;
  view.replace({map_of("a", 1), map_of("b", 2), map_of("c", 3)}, 3);
  const auto subscription = view.subscribe([&](const Notice& notice) { heard.add(notice); });
  flush(queue);
  CHECK(heard.take() == std::vector<std::string>{"+a", "+b", "+c"});
  const ObjectPtr a = view.get({"ns", "a"});
  view.replace({map_of("a", 1), map_of("b", 5), map_of("d", 6)}, 7);
  flush(queue);
  CHECK(heard.take() == std::vector<std::string>{"-c", "~b", "+d"});
  CHECK(view.get({"ns", "a"}) == a);
  CHECK(view.revision() == 7);

  view.apply(Change::kModified, map_of("e", 8));
  view.apply(Change::kAdded, map_of("e", 9));
  view.apply(Change::kDeleted, map_of("unknown", 10));
  view.apply(Change::kDeleted, map_of("e", 11));
  flush(queue);
  CHECK(heard.take() == std::vector<std::string>{"+e", "~e", "-e"});
  CHECK(view.revision() == 11);
  view.advance(20);
  view.advance(15);
  CHECK(view.revision() == 20);

  // Another store under the same name: revisions begin anew, and equal ones are other objects.
  view.replace({map_of("a", 1, "another"), map_of("b", 5), map_of("d", 6)}, 6);
  flush(queue);
  CHECK(heard.take() == std::vector<std::string>{"~a"});
  CHECK(view.revision() == 6);
}

TEST_CASE("remote view: slow handlers hold the feeding back at the limit, and the end lets it go") {
  NoticeQueue queue;
  RemoteView view(queue);
  std::promise<void> go_on;
  auto gate = go_on.get_future().share();
  const auto subscription = view.subscribe([gate](const Notice&) { gate.wait(); });
  std::atomic<size_t> fed{0};
  std::thread feeder([&] {
    for (size_t i = 0; i < 2 * kNoticesMax; ++i, ++fed)
      view.apply(Change::kAdded, map_of("m", static_cast<int64_t>(i) + 1));
  });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (fed < kNoticesMax && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(fed <= kNoticesMax + 1);       // one is with the handler
  CHECK(view.list("ns").size() == 1);  // readers are not held back
  go_on.set_value();
  feeder.join();
  CHECK(fed == 2 * kNoticesMax);
}

TEST_CASE("remote command: the better protocol is chosen, and ends are read as they are written") {
  CHECK(chosen_protocol("v4.channel.k8s.io, v5.channel.k8s.io") == "v5.channel.k8s.io");
  CHECK(chosen_protocol("channel.k8s.io,v4.channel.k8s.io") == "v4.channel.k8s.io");
  CHECK(chosen_protocol("v3.channel.k8s.io").empty());
  CHECK(chosen_protocol("").empty());
  for (const int code : {0, 1, 137}) {
    const ExecEnd end = parse_exec_status(exit_status(code));
    CHECK_FALSE(end.error);
    CHECK(end.exit_code == code);
  }
  const Error error{.code = Code::kNotFound, .message = "pod 'x' not found on this node", .errno_value = 0, .hint = {}};
  const ExecEnd failed = parse_exec_status(error_status(error));
  REQUIRE(failed.error);
  CHECK(failed.error->message == error.message);
  for (const char* bad :
       {"", "no JSON", "{}", R"({"reason":"NonZeroExitCode"})",
        R"({"reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"x"}]}})"}) {
    INFO(bad);
    const ExecEnd unread = parse_exec_status(bad);
    REQUIRE(unread.error);
    CHECK(unread.error->message == "the node's last word cannot be read");
  }
}

TEST_CASE("remote streams: paths carry every option and hide nothing in a name") {
  LogOptions log;
  log.container = "c";
  CHECK(kubelet_log_path("ns", "p", log) == "/containerLogs/ns/p/c");
  log.follow = log.previous = log.timestamps = true;
  log.tail_lines = 0;
  log.limit_bytes = 5;
  log.since = base::parse_rfc3339("2026-01-02T03:04:05.5Z").value();
  CHECK(kubelet_log_path("a/b", "p?q", log) ==
        "/containerLogs/a%2Fb/p%3Fq/c?follow=true&previous=true&timestamps=true&sinceTime=2026-01-02T03%3A04%3A05."
        "500000000Z&tailLines=0&limitBytes=5");
  ExecRequest exec;
  exec.ns = "ns";
  exec.pod = "p";
  exec.container = "c";
  exec.command = {"sh", "-c", "a&b=c d"};
  exec.tty = true;
  exec.stderr_open = false;
  exec.stdin_open = true;
  CHECK(kubelet_exec_path(exec) == "/exec/ns/p/c?command=sh&command=-c&command=a%26b%3Dc%20d&input=1&output=1&tty=1");
  exec.attach = true;
  exec.command.clear();
  CHECK(kubelet_exec_path(exec) == "/attach/ns/p/c?input=1&output=1&tty=1");
}

}  // namespace appliance::orchestrator::client
