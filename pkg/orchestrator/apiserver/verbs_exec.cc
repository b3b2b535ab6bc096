// pods/exec and pods/attach over WebSocket (kube-api page 4; the protocol is client/remote_command.h). SPDY is refused
// with a clear Status.
#include "base/strings.h"
#include "orchestrator/apiserver/list_options.h"
#include "orchestrator/apiserver/pod_streams.h"
#include "orchestrator/apiserver/verbs.h"
#include "orchestrator/client/remote_command.h"

namespace appliance::orchestrator::apiserver {
namespace {

client::BridgeThreads threads_of(Core& core) {
  return {.run = [&core](base::Task task) { core.resume(std::move(task)); },
          .run_after =
              [&core](base::Nanos delay, base::Task task) {
                core.cache.queue().post_at(core.clock.monotonic() + delay, std::move(task));
              }};
}

api::ApiError upgrade_refused(const net::http::Request& request) {
  const bool spdy = base::to_lower(request.headers.get("Upgrade")).starts_with("spdy");
  return api::bad_request(
      spdy ? "SPDY is not spoken here: kubectl 1.30 and later use WebSocket (v5.channel.k8s.io); 1.29 does with "
             "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true"
           : "Upgrade request required: WebSocket with subprotocol v5.channel.k8s.io or v4.channel.k8s.io");
}

void answer_exec(Core& core, const CallPtr& call) {
  const auto& request = call->request();
  client::ExecRequest exec;
  exec.attach = call->info.subresource == "attach";
  auto target = pod_container(core, *call, std::string(request.query_value("container")));
  if (!target) return respond_error(*call, target.error());
  exec.ns = call->info.ns;
  exec.pod = call->info.name;
  exec.container = target->container;
  exec.command = request.query_values("command");
  exec.stdin_open = request.query_flag("stdin");
  exec.tty = request.query_flag("tty");
  exec.stdout_open = request.query_flag("stdout");
  exec.stderr_open = request.query_flag("stderr") && !exec.tty;
  if (!exec.attach && exec.command.empty())
    return respond_error(*call, api::bad_request("you must specify at least one command for the container"));
  if (!exec.stdin_open && !exec.stdout_open && !exec.stderr_open)
    return respond_error(*call, api::bad_request("you must specify at least one of stdin, stdout, stderr"));
  if (target->node.empty())
    return respond_error(*call, api::bad_request("pod " + call->info.name + " does not have a host assigned"));
  client::NodeStreams* streams = core.streams;
  if (streams == nullptr) return respond_error(*call, no_node_streams());
  const std::string_view protocol = client::chosen_protocol(request.headers.get("Sec-WebSocket-Protocol"));
  if (!request.websocket_upgrade || protocol.empty()) return respond_error(*call, upgrade_refused(request));
  auto bridge = std::make_shared<client::ExecBridge>(std::move(exec), threads_of(core));
  call->exchange->accept_websocket(protocol, [bridge, streams](std::shared_ptr<net::http::WebSocket> socket) {
    bridge->opened(*streams, std::move(socket));
  });
}

}  // namespace

void serve_exec(Core& core, const CallPtr& call) {
  with_revision(core, call, std::nullopt, [&core, call] { answer_exec(core, call); });
}

}  // namespace appliance::orchestrator::apiserver
