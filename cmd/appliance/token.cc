// appliance token: create prints the whole join command, list shows what there is, delete revokes.
#include "node/join/token.h"
#include "base/strings.h"
#include "base/yaml/yaml.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

std::string text_of(const json::Value& document, std::string_view field) {
  return std::string(json::string_at(document, {field}));
}

int print_document(const json::Value& document, const std::string& output) {
  print(output == "json" ? json::serialize_pretty(document) + '\n' : yaml::emit(document));
  return kDone;
}

bool known_output(const std::string& output) { return output.empty() || output == "json" || output == "yaml"; }

int bad_output(const std::string& output) {
  return usage_error("token", "-o \"" + output + "\": must be json or yaml");
}

int create(Argv argv) {
  std::string ttl = "24h";
  std::string description;
  std::string output;
  bool server = false;
  Args args("token create", "makes a join token and prints the command that joins a machine with it",
            {"appliance token create", "appliance token create --ttl 7d --description \"rack 4\""});
  args.option("--ttl", ttl, "how long it can be used: 30m, 24h, 7d (24h)");
  args.option("--description", description, "what it is for, shown by token list");
  args.flag("--server", server, "for a machine that joins as a server");
  args.option("-o,--output", output, "json or yaml");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  if (server) {
    std::fprintf(stderr, "error: token create --server: not yet\nhint: the README's table says what works\n");
    return kUsage;
  }
  if (!known_output(output)) return bad_output(output);
  const auto seconds = node::parse_ttl(ttl);
  if (!seconds) return usage_error("token create", "--ttl " + seconds.error().message);
  const auto config = target.config();
  if (!config) return report("token create", config.error());
  const json::Value body = json::Object{
      {"ttl_seconds", static_cast<int64_t>(seconds->count())}, {"role", "worker"}, {"description", description}};
  auto made = ControlClient(*config).call("POST", "/control/tokens", &body);
  if (!made && made.error().code == Code::kInvalidArgument)
    return usage_error("token create", "--" + made.error().message);
  if (!made) return report("token create", made.error());
  if (!output.empty()) return print_document(*made, output);
  print(text_of(*made, "command") + '\n');
  std::fprintf(stderr, "good for any number of machines until %s; appliance token delete %s revokes it\n",
               text_of(*made, "expires").c_str(), text_of(*made, "id").c_str());
  return kDone;
}

int list(Argv argv) {
  std::string output;
  Args args("token list", "lists the join tokens: id, role, end, description; never the secrets",
            {"appliance token list", "appliance token list -o json"});
  args.option("-o,--output", output, "json or yaml");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  if (!known_output(output)) return bad_output(output);
  const auto config = target.config();
  if (!config) return report("token list", config.error());
  const auto reply = ControlClient(*config).call("GET", "/control/tokens");
  if (!reply) return report("token list", reply.error());
  if (!output.empty()) return print_document(*reply, output);
  const auto& tokens = json::array_at(*reply, {"tokens"});
  if (tokens.empty()) {
    std::fprintf(stderr, "no join tokens; appliance token create makes one\n");
    return kDone;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "ROLE", "EXPIRES", "DESCRIPTION"}};
  for (const auto& token : tokens)
    rows.push_back({text_of(token, "id"), text_of(token, "role"),
                    text_of(token, "expires") + (json::bool_at(token, {"expired"}) ? " (expired)" : ""),
                    text_of(token, "description")});
  print(table(rows));
  return kDone;
}

int remove_tokens(Argv argv) {
  std::vector<std::string> ids;
  Args args("token delete", "revokes join tokens: nobody can join with them any more, machines that did stay",
            {"appliance token delete abc123", "appliance token delete abc123 def456"});
  args.rest("ID", ids, "ids, as token list shows them", true);
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  const auto config = target.config();
  if (!config) return report("token delete", config.error());
  ControlClient client(*config);
  int code = kDone;
  for (std::string id : ids) {
    if (const auto whole = node::parse_join_token(id)) id = whole->id;  // the whole token is as good
    const auto reply = client.call("DELETE", "/control/tokens?id=" + base::percent_encode(id));
    if (!reply) {
      code = report("token delete", reply.error());
      continue;
    }
    print("join token \"" + id + "\" deleted\n");
  }
  return code;
}

}  // namespace

int token(Argv argv) {
  static constexpr const char* kVerbs = "must be one of create, list, delete";
  if (argv.empty()) return usage_error("token", kVerbs);
  if (argv[0] == "create") return create(argv.subspan(1));
  if (argv[0] == "list") return list(argv.subspan(1));
  if (argv[0] == "delete") return remove_tokens(argv.subspan(1));
  Args args("token", "creates, lists and deletes join tokens",
            {"appliance token create --ttl 7d", "appliance token list", "appliance token delete abc123"});
  if (argv[0].starts_with('-'))
    if (auto code = args.parse(argv)) return *code;
  return usage_error("token", '"' + argv[0] + "\": " + kVerbs);
}

}  // namespace appliance::cmd
