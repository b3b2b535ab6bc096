// appliance status: one screen, problems first.
#include "base/strings.h"
#include "base/yaml/yaml.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {

int status(Argv argv) {
  std::string output;
  Args args("status", "one screen: servers, nodes, pods, store, versions, problems first",
            {"appliance status", "appliance status -o json"});
  args.option("-o,--output", output, "json or yaml");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  if (!output.empty() && output != "json" && output != "yaml")
    return usage_error("status", "-o \"" + output + "\": must be json or yaml");
  const auto config = target.config();
  if (!config) return report("status", config.error());
  ControlClient client(*config);
  const auto s = client.call("GET", "/control/status");
  if (!s) return report(s.error());
  if (!output.empty()) {
    print(output == "json" ? json::serialize_pretty(*s) + '\n' : yaml::emit(*s));
    return kDone;
  }
  std::string out;
  for (const auto& problem : json::array_at(*s, {"problems"}))
    out += "problem   " + std::string(problem.as_string()) + '\n';
  const auto number = [&](json::Path path) { return std::to_string(json::int_at(*s, path)); };
  const auto text = [&](json::Path path) { return std::string(json::string_at(*s, path)); };
  out += (text({"role"}) == "worker" ? "worker    " : "server    ") + text({"node"}) + " (" + text({"address"}) +
         "), api " + text({"api"}) + '\n';
  out += "version   appliance " + text({"version"}) + ", kubernetes " + text({"kubernetes"}) + '\n';
  for (const auto& n : json::array_at(*s, {"nodes"}))
    out += "node      " + std::string(json::string_at(n, {"name"})) +
           (json::bool_at(n, {"ready"}) ? "  Ready\n" : "  NotReady\n");
  out += "pods      " + number({"pods", "total"}) + ", " + number({"pods", "running"}) + " running, " +
         number({"pods", "ready"}) + " ready\n";
  if (const auto* store = json::find(*s, {"store"}); store != nullptr && store->is_object())
    out += "store     " + number({"store", "voters"}) + " voter, leader " + text({"store", "leader"}) + ", revision " +
           number({"store", "revision"}) + ", " + number({"store", "keys"}) + " keys, " +
           base::human_bytes(static_cast<uint64_t>(json::int_at(*s, {"store", "db_bytes"}))) + " database, " +
           base::human_bytes(static_cast<uint64_t>(json::int_at(*s, {"store", "log_bytes"}))) + " log\n";
  print(out);
  return kDone;
}

}  // namespace appliance::cmd
