#include "cmd/appliance/control_client.h"

#include "base/strings.h"
#include "orchestrator/api/errors.h"

namespace appliance::cmd {

Target::Target(Args& args) {
  args.option("--data-dir", data_dir_, "data folder of the server (/var/lib/appliance)");
  args.option("--run-dir", run_dir_, "run folder of the server (/run/appliance)");
}

Result<node::Config> Target::config() const {
  node::Config config;
  if (data_dir_.empty() || run_dir_.empty()) {
    TRY(node::apply_environment(config));  // may name the file
    const auto path = config.config;
    config = {};
    TRY(node::apply_file(config, path, false));
  }
  TRY(node::apply_environment(config));
  if (!data_dir_.empty()) config.data_dir = data_dir_;
  if (!run_dir_.empty()) config.run_dir = run_dir_;
  return config;
}

ControlClient::ControlClient(const node::Config& config)
    : socket_(config.control_socket()),
      client_({.base_url = "unix://" + socket_, .ca_pem = {}, .certificate_pem = {}, .key_pem = {}}) {}

Result<net::http::Reply> ControlClient::raw(net::http::ClientRequest request) {
  auto reply = client_.send(std::move(request));
  if (!reply && reply.error().code == Code::kUnavailable)
    return fail(Error{.code = Code::kUnavailable,
                      .message = "no server answers on " + socket_ + ": " + reply.error().message,
                      .errno_value = 0,
                      .hint = "appliance up starts one (as root)"});
  return reply;
}

bool ControlClient::alive() {
  const auto reply = client_.send({.method = "GET", .path = "/control/ping"});
  return reply && reply->status == 200;
}

Result<json::Value> ControlClient::call(const std::string& method, const std::string& path, const json::Value* body,
                                        const std::string& content_type, const std::string& accept) {
  net::http::ClientRequest request{.method = method, .path = path};
  request.headers.add("Accept", accept);
  if (body != nullptr) {
    request.body = json::serialize(*body);
    request.content_type = content_type;
  }
  const auto reply = TRY(raw(std::move(request)));
  auto document = json::parse(reply.body);
  if (reply.status >= 400) {
    const std::string message = document ? std::string(json::string_at(*document, {"message"}, reply.body))
                                         : std::string(base::trim(reply.body));
    const auto reason = document ? json::string_at(*document, {"reason"}) : std::string_view();
    return fail(orchestrator::api::code_of_status(reply.status, reason), message);
  }
  if (reply.body.empty()) return json::Value(nullptr);
  return document;
}

Result<const orchestrator::api::Kind*> find_resource(const std::string& name) {
  const auto wanted = base::to_lower(name);
  static const auto kinds = orchestrator::api::builtin_kinds();
  for (const auto& kind : kinds->all()) {
    if (!kind.stored) continue;
    bool match = kind.plural == wanted || kind.singular == wanted || kind.resource() == wanted ||
                 base::to_lower(kind.kind) == wanted;
    for (const auto& alias : kind.short_names) match = match || alias == wanted;
    if (match) return &kind;
  }
  return fail(Code::kNotFound, "the server doesn't have a resource type \"" + name + '"');
}

std::string type_label(const orchestrator::api::Kind& kind) {
  return kind.group.empty() ? kind.singular : kind.singular + '.' + kind.group;
}

std::string resource_path(const orchestrator::api::Kind& kind, const std::string& ns, const std::string& name,
                          const std::string& sub) {
  std::string path = kind.group.empty() ? "/api/" + kind.version : "/apis/" + kind.group + '/' + kind.version;
  if (kind.namespaced && !ns.empty()) path += "/namespaces/" + base::percent_encode(ns);
  path += '/' + kind.plural;
  if (!name.empty()) path += '/' + base::percent_encode(name);
  if (!sub.empty()) path += '/' + sub;
  return path;
}

}  // namespace appliance::cmd
