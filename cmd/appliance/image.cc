// appliance image: pull, ls, rm, import, export, demo. The server does the work; this prints it.
#include <unistd.h>

#include "base/strings.h"
#include "base/yaml/yaml.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  char buffer[4096];
  return ::getcwd(buffer, sizeof buffer) == nullptr ? path : std::string(buffer) + '/' + path;
}

// Requests that take long answer with one JSON object a line: {"progress":{…}} … {"image":{…}} or {"error":"…"}.
int follow(ControlClient& client, const std::string& path, const json::Value& body) {
  net::http::ClientRequest request{.method = "POST", .path = path};
  request.body = json::serialize(body);
  request.content_type = "application/json";
  std::string pending;
  int code = kFailed;
  const bool terminal = is_terminal(STDERR_FILENO);
  bool drawn = false;
  request.on_data = [&](const net::http::Response&, std::string_view piece) {
    pending += piece;
    for (size_t end = 0; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
      const auto line = json::parse(std::string_view(pending).substr(0, end));
      if (!line) continue;
      if (json::find(*line, {"progress"}) != nullptr && terminal) {
        const auto done = static_cast<uint64_t>(json::int_at(*line, {"progress", "done"}));
        const auto total = static_cast<uint64_t>(json::int_at(*line, {"progress", "total"}));
        std::fprintf(stderr, "\r\033[K%s  %s of %s", std::string(json::string_at(*line, {"progress", "what"})).c_str(),
                     base::human_bytes(done).c_str(), base::human_bytes(total).c_str());
        drawn = true;
      }
      if (const auto error = json::string_at(*line, {"message"}); !error.empty()) {
        if (drawn) std::fprintf(stderr, "\n");
        code = report(Error{.code = Code::kUnknown,
                            .message = std::string(error),
                            .errno_value = 0,
                            .hint = std::string(json::string_at(*line, {"hint"}))});
      }
      if (json::find(*line, {"images"}) != nullptr) {
        if (drawn) std::fprintf(stderr, "\r\033[K");
        for (const auto& image : json::array_at(*line, {"images"}))
          print(std::string(json::string_at(image, {"name"})) + "  " + std::string(json::string_at(image, {"id"})) +
                '\n');
        code = kDone;
      }
    }
    return true;
  };
  const auto reply = client.raw(std::move(request));
  if (!reply) return report(reply.error());
  return code;
}

int list(ControlClient& client, const std::string& output) {
  const auto reply = client.call("GET", "/control/images");
  if (!reply) return report(reply.error());
  if (output == "json") {
    print(json::serialize_pretty(*reply) + '\n');
    return kDone;
  }
  if (output == "yaml") {
    print(yaml::emit(*reply));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows{{"IMAGE", "TAG", "IMAGE ID", "SIZE"}};
  for (const auto& image : json::array_at(*reply, {"images"})) {
    const std::string id(json::string_at(image, {"id"}));
    const auto size = base::human_bytes(static_cast<uint64_t>(json::int_at(image, {"size"})));
    const auto& tags = json::array_at(image, {"tags"});
    for (const auto& tag : tags) {
      const std::string name(tag.as_string());
      const auto colon = name.rfind(':');
      rows.push_back({name.substr(0, colon), colon == std::string::npos ? "<none>" : name.substr(colon + 1),
                      id.substr(7, 12), size});
    }
    if (tags.empty()) rows.push_back({"<none>", "<none>", id.substr(7, 12), size});
  }
  print(table(rows));
  return kDone;
}

}  // namespace

int image(Argv argv) {
  static constexpr const char* kUsageText =
      "must be one of pull, ls, rm, import, export, demo (push, build and inspect: not yet)";
  if (argv.empty()) return usage_error("image", kUsageText);
  const std::string verb = argv[0];
  if (verb == "push" || verb == "build" || verb == "inspect") {
    std::fprintf(stderr, "error: image %s: not yet\nhint: the README's table says what works\n", verb.c_str());
    return kUsage;
  }
  std::string first;
  std::string second;
  std::string tag;
  std::string output;
  std::string user;
  Args args("image" + (verb.starts_with('-') ? "" : ' ' + verb),
            "images of this node: pull, ls, rm, import, export, demo",
            {"appliance image pull 127.0.0.1:5000/web:1", "appliance image import web.tar --tag web:1"});
  if (verb == "pull" || verb == "rm") args.positional("IMAGE", first, "name, name:tag, name@digest or id");
  if (verb == "import") args.positional("FILE", first, "OCI layout or docker archive, - is not supported");
  if (verb == "export") {
    args.positional("IMAGE", first, "which image");
    args.positional("FILE", second, "where to write the OCI archive");
  }
  if (verb == "import" || verb == "demo") args.option("--tag", tag, "name for the image");
  if (verb == "pull") args.option("--creds", user, "USER:PASSWORD of the registry");
  if (verb == "ls") args.option("-o,--output", output, "json or yaml");
  const Target target(args);
  if (auto code = args.parse(verb.starts_with('-') ? argv : argv.subspan(1))) return *code;
  const auto config = target.config();
  if (!config) return report("image", config.error());
  ControlClient client(*config);
  if (verb == "ls") return list(client, output);
  if (verb == "pull") {
    json::Object body{{"reference", first}};
    if (const auto colon = user.find(':'); colon != std::string::npos) {
      body["username"] = user.substr(0, colon);
      body["password"] = user.substr(colon + 1);
    }
    return follow(client, "/control/images/pull", body);
  }
  if (verb == "import")
    return follow(client, "/control/images/import", json::Object{{"path", absolute(first)}, {"tag", tag}});
  if (verb == "export")
    return follow(client, "/control/images/export", json::Object{{"reference", first}, {"path", absolute(second)}});
  if (verb == "demo") return follow(client, "/control/images/demo", json::Object{{"tag", tag}});
  if (verb == "rm") {
    const auto reply = client.call("DELETE", "/control/images?reference=" + base::percent_encode(first));
    if (!reply) return report(reply.error());
    print("removed " + first + '\n');
    return kDone;
  }
  return usage_error("image", verb + ": " + kUsageText);
}

}  // namespace appliance::cmd
