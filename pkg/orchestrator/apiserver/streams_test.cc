// Logs and exec by their wire (kube-api page 4), with a node that echoes.
#include <catch2/catch.hpp>

#include "orchestrator/apiserver/testing/test_exchange.h"

namespace appliance::orchestrator::apiserver {
namespace {

using testing::ask;
using testing::TestServer;
using testing::Told;

// Echoes stdin to stdout, names each size on stderr, exits with 3 when stdin ends.
class Echo final : public client::ExecSession {
 public:
  explicit Echo(std::shared_ptr<client::ExecPeer> peer) : peer_(std::move(peer)) {}
  bool write_stdin(std::string bytes) override { return peer_->on_stdout(std::move(bytes)); }
  [[nodiscard]] size_t stdin_bytes_queued() const override { return 0; }
  void close_stdin() override { peer_->on_exit(3); }
  void resize(uint16_t width, uint16_t height) override {
    (void)peer_->on_stderr(std::to_string(width) + 'x' + std::to_string(height));
  }

 private:
  std::shared_ptr<client::ExecPeer> peer_;
};

class FakeNode final : public client::NodeStreams {
 public:
  Result<> logs(const std::string&, const std::string& pod, const client::LogOptions& options,
                std::shared_ptr<client::ByteSink> sink) override {
    if (options.previous) {
      return fail(Code::kInvalidArgument,
                  "previous terminated container \"" + options.container + "\" in pod \"" + pod + "\" not found");
    }
    sink->write("one\n");
    sink->write("tail " + std::to_string(options.tail_lines.value_or(-1)) + '\n');
    sink->finish(std::nullopt);
    return {};
  }
  Result<std::shared_ptr<client::ExecSession>> exec(const client::ExecRequest& request,
                                                    std::shared_ptr<client::ExecPeer> peer) override {
    last = request;
    if (request.command == std::vector<std::string>{"missing"})
      return fail(Code::kInternal, "exec: missing: no such file");
    return std::make_shared<Echo>(std::move(peer));
  }
  client::ExecRequest last;
};

constexpr const char* kPod = "/api/v1/namespaces/default/pods/p";

void run_pod(TestServer& server, const std::string& containers = R"([{"name":"c","image":"example.test/app:1"}])") {
  client::Client& admin = server.admin();
  REQUIRE(admin.create("serviceaccounts", "default", json::parse(R"({"metadata":{"name":"default"}})").value(), {})
              .has_value());
  REQUIRE(
      admin
          .create("pods", "default",
                  json::parse(R"({"metadata":{"name":"p"},"spec":{"nodeName":"n1","containers":)" + containers + "}}")
                      .value(),
                  {})
          .has_value());
}

}  // namespace

TEST_CASE("logs: text of the node's streams; refusals are Status documents") {
  FakeNode node;
  TestServer server(&node);
  run_pod(server);
  const Told told = ask(*server.api, {.path = std::string(kPod) + "/log?tailLines=7"});
  CHECK(told.status == 200);
  REQUIRE(told.stream);
  REQUIRE(told.stream->wait_finished());
  CHECK(told.content_type == "text/plain");
  CHECK(told.stream->text() == "one\ntail 7\n");
  const Told previous = ask(*server.api, {.path = std::string(kPod) + "/log?previous=true"});
  CHECK(previous.status == 400);
  CHECK(json::string_at(previous.json(), {"message"}) == "previous terminated container \"c\" in pod \"p\" not found");
  CHECK(ask(*server.api, {.path = std::string(kPod) + "/log?container=x"}).status == 400);
  CHECK(ask(*server.api, {.path = "/api/v1/namespaces/default/pods/none/log"}).status == 404);
}

TEST_CASE("logs: a pod of several containers needs a name") {
  FakeNode node;
  TestServer server(&node);
  run_pod(server, R"([{"name":"a","image":"example.test/app:1"},{"name":"b","image":"example.test/app:1"}])");
  const Told told = ask(*server.api, {.path = std::string(kPod) + "/log"});
  CHECK(told.status == 400);
  CHECK(json::string_at(told.json(), {"message"}) ==
        "a container name must be specified for pod p, choose one of: [a b]");
}

TEST_CASE("exec: channels carry input, output, sizes and the exit code; half-close ends the input") {
  FakeNode node;
  TestServer server(&node);
  run_pod(server);
  const Told told =
      ask(*server.api, {.path = std::string(kPod) + "/exec?command=cat&command=-&stdin=true&stdout=true&stderr=true",
                        .upgrade = "v5.channel.k8s.io"});
  REQUIRE(told.status == 101);
  CHECK(told.socket->subprotocol() == "v5.channel.k8s.io");
  told.socket->client_says(std::string("\0early", 6));
  told.socket->client_says("\x04{\"Width\":80,\"Height\":24}");
  told.socket->client_says(std::string("\xff\0", 2));
  const auto sent = told.socket->wait_closed();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0] ==
        "\x01"
        "early");
  CHECK(sent[1] ==
        "\x02"
        "80x24");
  CHECK(sent[2][0] == 3);
  const auto status = json::parse(std::string_view(sent[2]).substr(1));
  REQUIRE(status.has_value());
  CHECK(json::string_at(*status, {"reason"}) == "NonZeroExitCode");
  CHECK(json::string_at(json::array_at(*status, {"details", "causes"})[0], {"message"}) == "3");
  CHECK(node.last.command == std::vector<std::string>{"cat", "-"});
  CHECK(node.last.container == "c");
}

TEST_CASE("exec: what the node cannot start arrives on the error channel") {
  FakeNode node;
  TestServer server(&node);
  run_pod(server);
  const Told told = ask(
      *server.api, {.path = std::string(kPod) + "/exec?command=missing&stdout=true", .upgrade = "v4.channel.k8s.io"});
  REQUIRE(told.status == 101);
  const auto sent = told.socket->wait_closed();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].find("Internal error occurred: exec: missing: no such file") != std::string::npos);
}

TEST_CASE("exec: without WebSocket, a command or a node the client hears why") {
  FakeNode node;
  TestServer server(&node);
  run_pod(server);
  CHECK(ask(*server.api, {.method = "POST", .path = std::string(kPod) + "/exec?command=x&stdout=true"}).status == 400);
  CHECK(ask(*server.api, {.path = std::string(kPod) + "/exec?stdout=true", .upgrade = "v5.channel.k8s.io"}).status ==
        400);
  CHECK(ask(*server.api,
            {.path = std::string(kPod) + "/exec?command=x&container=nope&stdout=true", .upgrade = "v5.channel.k8s.io"})
            .status == 400);
  server.api->set_node_streams(nullptr);
  CHECK(ask(*server.api, {.path = std::string(kPod) + "/exec?command=x&stdout=true", .upgrade = "v5.channel.k8s.io"})
            .status == 503);
}

}  // namespace appliance::orchestrator::apiserver
