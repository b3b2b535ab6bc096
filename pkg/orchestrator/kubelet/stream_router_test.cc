// Logs and exec of pods on other nodes, through the router, TLS and the kubelet API of that node: the whole way, with
// scripted containers at its end.
#include <catch2/catch.hpp>

#include <poll.h>

#include "orchestrator/kubelet/testing/kubelet_api_rig.h"

namespace appliance::orchestrator::kubelet {
namespace {

using testing::CollectPeer;
using testing::CollectSink;
using testing::KubeletApiRig;
using testing::soon;

client::LogOptions of_c(bool previous = false) {
  client::LogOptions out;
  out.container = "c";
  out.previous = previous;
  return out;
}

std::string log_text(KubeletApiRig& rig, const std::string& pod) {
  auto sink = std::make_shared<CollectSink>();
  const auto started = rig.router->logs("default", pod, of_c(), sink);
  if (!started) return "error: " + started.error().message;
  if (!sink->wait_finished()) return "not finished";
  return sink->error() ? "error: " + sink->error()->message : sink->text();
}

// All the bytes that may be under way between a producer that obeys the marks and a reader that reads nothing.
constexpr size_t kUnderWayMax = 48U << 20U;

}  // namespace

TEST_CASE("stream router: local pods by the local kubelet, others by their node's, each with its options") {
  KubeletApiRig rig;
  CHECK(log_text(rig, "here") == "n1: default/here/c\n");
  CHECK(log_text(rig, "there") == "n2: default/there/c\n");
  auto sink = std::make_shared<CollectSink>();
  client::LogOptions options = of_c();
  options.timestamps = true;
  options.tail_lines = 3;
  options.limit_bytes = 100;
  options.since = base::parse_rfc3339("2026-01-02T03:04:05.123456789Z").value();
  REQUIRE(rig.router->logs("default", "there", options, sink).has_value());
  REQUIRE(sink->wait_finished());
  const std::lock_guard lock(rig.n2.mutex);
  CHECK(rig.n2.log_options.timestamps);
  CHECK(rig.n2.log_options.tail_lines == 3);
  CHECK(rig.n2.log_options.limit_bytes == 100);
  CHECK(rig.n2.log_options.since == options.since);
}

TEST_CASE("stream router: errors of logs say whose they are") {
  KubeletApiRig rig;
  CHECK(log_text(rig, "nowhere") == "error: pods \"nowhere\" not found");
  CHECK(log_text(rig, "gone") == "error: pod 'gone' not found on this node");
  auto previous = std::make_shared<CollectSink>();
  REQUIRE(rig.router->logs("default", "there", of_c(true), previous).has_value());
  REQUIRE(previous->wait_finished());
  REQUIRE(previous->error());
  CHECK(previous->error()->code == Code::kInvalidArgument);
  CHECK(previous->error()->message == "previous terminated container \"c\" not found");
  rig.pod("lost", "n9");
  CHECK(log_text(rig, "lost") == "error: node \"n9\" does not answer: there is no such node");
  rig.node("n9", "");
  CHECK(log_text(rig, "lost") == "error: node \"n9\" does not answer: it has no InternalIP");
  rig.stop_listener();
  auto dead = std::make_shared<CollectSink>();
  REQUIRE(rig.router->logs("default", "there", of_c(), dead).has_value());
  REQUIRE(dead->wait_finished());
  REQUIRE(dead->error());
  CHECK(dead->error()->code == Code::kUnavailable);
  CHECK(dead->error()->message.starts_with("node \"n2\" does not answer: "));
}

TEST_CASE("stream router: a node with another's certificate is not talked to") {
  const struct {
    const char* name;
    const char* address;
    const char* why;
  } cases[] = {
      {"system:node:n3", "127.0.0.1", "the server's certificate is of \"system:node:n3\", not of \"system:node:n2\""},
      {"system:node:n2", "127.0.0.9", "the server's certificate"},
  };
  for (const auto& one : cases) {
    INFO(one.name << ' ' << one.address);
    KubeletApiRig rig(one.name, one.address);
    const std::string text = log_text(rig, "there");
    CHECK(text.starts_with("error: node \"n2\" does not answer: "));
    CHECK(text.find(one.why) != std::string::npos);
    auto peer = std::make_shared<CollectPeer>();
    const auto session = rig.router->exec(KubeletApiRig::command({"cat"}), peer);
    REQUIRE(session.has_value());
    REQUIRE(peer->wait_ended());
    REQUIRE(peer->error());
    CHECK(peer->error()->code == Code::kUnavailable);
    CHECK(peer->error()->message.starts_with("node \"n2\" does not answer: the server's certificate"));
    CHECK(rig.n2.sessions == 0);
  }
}

TEST_CASE("stream router: a follower hears at once that the log was found, and its going ends it on the node") {
  KubeletApiRig rig;
  auto sink = std::make_shared<CollectSink>();
  client::LogOptions options = of_c();
  options.follow = true;
  REQUIRE(rig.router->logs("default", "silent", options, sink).has_value());
  CHECK(soon([&] { return sink->begun.load(); }));
  CHECK_FALSE(rig.n2.reader_gone);
  sink->gone = true;
  CHECK(soon([&] { return rig.n2.reader_gone.load(); }));
  CHECK(sink->wait_finished());
}

TEST_CASE("stream router: a reader that does not read holds the node's log back") {
  KubeletApiRig rig;
  auto sink = std::make_shared<CollectSink>();
  sink->queued = 2 * client::kSinkHighWater;
  REQUIRE(rig.router->logs("default", "endless", of_c(), sink).has_value());
  // It stands still when a while brings nothing new: all queues on the way are full.
  size_t before = 0;
  REQUIRE(soon([&] {
    const size_t now = rig.n2.produced;
    (void)::poll(nullptr, 0, 100);
    return now > 0 && std::exchange(before, now) == now && rig.n2.produced == now;
  }));
  CHECK(rig.n2.produced < kUnderWayMax);
  sink->queued = 0;
  REQUIRE(sink->wait_finished());
  CHECK_FALSE(sink->error());
  CHECK(sink->size == testing::ScriptedNode::kPourBytes);
}

TEST_CASE("stream router: exec on another node carries input, output, sizes, the end of input and the exit code") {
  KubeletApiRig rig;
  auto peer = std::make_shared<CollectPeer>();
  auto request = KubeletApiRig::command({"cat", "-", "a b&c=d"});
  const auto session = rig.router->exec(request, peer);
  REQUIRE(session.has_value());
  CHECK((*session)->write_stdin("early"));  // before the node answered
  CHECK(soon([&] { return peer->out() == "early"; }));
  (*session)->resize(80, 24);
  CHECK(soon([&] { return peer->err() == "80x24"; }));
  CHECK((*session)->write_stdin(std::string("\0\xff", 2)));
  (*session)->close_stdin();
  REQUIRE(peer->wait_ended());
  CHECK(peer->code() == 3);
  CHECK(peer->out() == std::string("early\0\xff", 7));
  CHECK(soon([&] { return rig.n2.sessions == 0; }));
  CHECK(soon([&] { return !(*session)->write_stdin("late"); }));
  const std::lock_guard lock(rig.n2.mutex);
  CHECK(rig.n2.exec_request.command == request.command);
  CHECK(rig.n2.exec_request.container == "c");
  CHECK(rig.n2.exec_request.stdin_open);
  CHECK(rig.n2.exec_request.stderr_open);
  CHECK_FALSE(rig.n2.exec_request.tty);
}

TEST_CASE("stream router: what a node cannot start, and a node that goes away, reach the client of an exec") {
  KubeletApiRig rig;
  auto peer = std::make_shared<CollectPeer>();
  const auto missing = rig.router->exec(KubeletApiRig::command({"missing"}), peer);
  REQUIRE(peer->wait_ended());
  REQUIRE(peer->error());
  CHECK(peer->error()->message == "exec: missing: no such file");

  auto cut = std::make_shared<CollectPeer>();
  const auto session = rig.router->exec(KubeletApiRig::command({"cat"}), cut);
  REQUIRE(session.has_value());
  REQUIRE(soon([&] { return rig.n2.sessions == 1; }));
  rig.stop_listener();
  REQUIRE(cut->wait_ended());
  REQUIRE(cut->error());
  CHECK(cut->error()->message == "node \"n2\" does not answer: the connection is lost");
  CHECK(soon([&] { return rig.n2.sessions == 0; }));
}

TEST_CASE("stream router: dropping the session ends the process on the other node") {
  KubeletApiRig rig;
  auto peer = std::make_shared<CollectPeer>();
  auto session = rig.router->exec(KubeletApiRig::command({"cat"}), peer);
  REQUIRE(session.has_value());
  REQUIRE(soon([&] { return rig.n2.sessions == 1; }));
  session->reset();
  CHECK(soon([&] { return rig.n2.sessions == 0; }));
}

TEST_CASE("stream router: a client of exec that does not read holds the process back, a deaf process the client") {
  KubeletApiRig rig;
  auto peer = std::make_shared<CollectPeer>();
  peer->queued = 2 * client::kSinkHighWater;
  const auto session = rig.router->exec(KubeletApiRig::command({"pour"}), peer);
  REQUIRE(session.has_value());
  size_t before = 0;
  REQUIRE(soon([&] {
    const size_t now = rig.n2.produced;
    (void)::poll(nullptr, 0, 100);
    return now > 0 && std::exchange(before, now) == now && rig.n2.produced == now;
  }));
  CHECK(rig.n2.produced < kUnderWayMax);
  peer->queued = 0;
  REQUIRE(peer->wait_ended());
  CHECK(peer->code() == 0);
  CHECK(peer->size == testing::ScriptedNode::kPourBytes);

  auto other = std::make_shared<CollectPeer>();
  const auto deaf = rig.router->exec(KubeletApiRig::command({"deaf"}), other);
  REQUIRE(deaf.has_value());
  // The writer looks at the queue, as the API server does, and must see it fill.
  size_t written = 0;
  REQUIRE(soon([&] {
    while ((*deaf)->stdin_bytes_queued() < client::kSinkHighWater && written < 2 * kUnderWayMax) {
      if (!(*deaf)->write_stdin(std::string(32U << 10U, 'y'))) break;
      written += 32U << 10U;
    }
    return (*deaf)->stdin_bytes_queued() >= client::kSinkHighWater;
  }));
  CHECK(written < kUnderWayMax);
  rig.n2.unread = 0;  // it reads again
  CHECK(soon([&] { return (*deaf)->stdin_bytes_queued() == 0; }));
}

TEST_CASE("stream router: its end ends all streams, also those of a node that says nothing") {
  KubeletApiRig rig;
  std::vector<std::shared_ptr<CollectSink>> sinks;
  std::vector<std::shared_ptr<client::ExecSession>> sessions;
  client::LogOptions options = of_c();
  options.follow = true;
  for (int i = 0; i < 8; ++i) {
    sinks.push_back(std::make_shared<CollectSink>());
    REQUIRE(rig.router->logs("default", "silent", options, sinks.back()).has_value());
    sessions.push_back(rig.router->exec(KubeletApiRig::command({"cat"}), std::make_shared<CollectPeer>()).value());
  }
  REQUIRE(soon([&] { return rig.n2.sessions == 8; }));
  rig.router.reset();
  for (const auto& sink : sinks) CHECK(sink->wait_finished());
  CHECK(soon([&] { return rig.n2.sessions == 0; }));
  sessions.clear();
}

}  // namespace appliance::orchestrator::kubelet
