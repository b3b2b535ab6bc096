// appliance store: status, get, put, del, watch on the node's store, with etcdctl's output.
#include "base/strings.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

struct StoreArgs {
  std::string key;
  std::string value;
  std::string output;
  bool prefix = false;
  bool keys_only = false;
  bool count_only = false;
  int limit = 0;
  int rev = 0;
};

std::string text_of(const json::Value& document, std::string_view field) {
  return base::unbase64(json::string_at(document, {field})).value_or("");
}

int print_status(ControlClient& client, const std::string& output) {
  const auto reply = client.call("GET", "/control/store/status");
  if (!reply) return report(reply.error());
  if (output == "json") {
    print(json::serialize_pretty(*reply) + '\n');
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& member : reply->as_object())
    rows.push_back({std::string(member.key()), member.value().is_string() ? std::string(member.value().get_string())
                                                                          : json::serialize(member.value())});
  print(table(rows));
  return kDone;
}

int print_get(ControlClient& client, const StoreArgs& a) {
  const json::Value body =
      json::Object{{"key", base::base64(a.key)}, {"prefix", a.prefix},       {"limit", a.limit},
                   {"revision", a.rev},          {"keys_only", a.keys_only}, {"count_only", a.count_only}};
  const auto reply = client.call("POST", "/control/store/range", &body);
  if (!reply) return report(reply.error());
  if (a.output == "json") {
    print(json::serialize(*reply) + '\n');
    return kDone;
  }
  if (a.count_only) {
    print(std::to_string(json::int_at(*reply, {"count"})) + '\n');
    return kDone;
  }
  for (const auto& kv : json::array_at(*reply, {"kvs"})) {
    print(text_of(kv, "key") + '\n');
    if (!a.keys_only) print(text_of(kv, "value") + '\n');
  }
  return kDone;
}

int follow_watch(ControlClient& client, const StoreArgs& a) {
  net::http::ClientRequest request{.method = "GET",
                                   .path = "/control/store/watch?key=" + base::percent_encode(base::base64(a.key)) +
                                           "&prefix=" + (a.prefix ? "true" : "false") +
                                           "&revision=" + std::to_string(a.rev)};
  std::string pending;
  request.on_data = [&](const net::http::Response&, std::string_view piece) {
    pending += piece;
    for (size_t end = 0; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
      const auto line = json::parse(std::string_view(pending).substr(0, end));
      if (!line) continue;
      if (a.output == "json") {
        print(json::serialize(*line) + '\n');
        continue;
      }
      if (const auto error = json::string_at(*line, {"message"}); !error.empty())
        std::fprintf(stderr, "error: %s\n", std::string(error).c_str());
      for (const auto& event : json::array_at(*line, {"events"})) {
        print(std::string(json::string_at(event, {"type"})) + '\n' + text_of(event, "key") + '\n');
        print(text_of(event, "value") + '\n');
      }
    }
    return true;
  };
  const auto reply = client.raw(std::move(request));
  return reply ? kDone : report(reply.error());
}

}  // namespace

int store(Argv argv) {
  static constexpr const char* kVerbs =
      "must be one of status, get, put, del, watch (members, snapshot, compact, defrag, migrate and serve: not yet)";
  if (argv.empty()) return usage_error("store", kVerbs);
  const std::string verb = argv[0];
  for (const auto* later : {"members", "snapshot", "compact", "defrag", "migrate", "serve"}) {
    if (verb != later) continue;
    std::fprintf(stderr, "error: store %s: not yet\nhint: the README's table says what works\n", later);
    return kUsage;
  }
  StoreArgs a;
  Args args("store" + (verb.starts_with('-') ? "" : ' ' + verb), "the store of this node: status, get, put, del, watch",
            {"appliance store get /registry/ --prefix --keys-only", "appliance store put key value"});
  if (verb == "get" || verb == "del" || verb == "watch" || verb == "put") args.positional("KEY", a.key, "the key");
  if (verb == "put") args.positional("VALUE", a.value, "the value");
  if (verb != "put" && verb != "status") args.flag("--prefix", a.prefix, "all keys that begin so");
  if (verb == "get") {
    args.flag("--keys-only", a.keys_only, "without values");
    args.flag("--count-only", a.count_only, "only how many");
    args.option("--limit", a.limit, "at most so many");
  }
  if (verb == "get" || verb == "watch") args.option("--rev", a.rev, "at, or from, this revision");
  args.option("-w,--write-out,-o", a.output, "simple or json");
  const Target target(args);
  if (auto code = args.parse(verb.starts_with('-') ? argv : argv.subspan(1))) return *code;
  const auto config = target.config();
  if (!config) return report("store", config.error());
  ControlClient client(*config);
  if (verb == "status") return print_status(client, a.output);
  if (verb == "get") return print_get(client, a);
  if (verb == "watch") return follow_watch(client, a);
  if (verb == "put" || verb == "del") {
    json::Object body{{"key", base::base64(a.key)}};
    if (verb == "put") body["value"] = base::base64(a.value);
    if (verb == "del") body["prefix"] = a.prefix;
    const json::Value document = std::move(body);
    const auto reply = client.call("POST", "/control/store/" + verb, &document);
    if (!reply) return report(reply.error());
    print(verb == "put" ? "OK\n" : std::to_string(json::int_at(*reply, {"deleted"})) + '\n');
    return kDone;
  }
  return usage_error("store", verb + ": " + kVerbs);
}

}  // namespace appliance::cmd
