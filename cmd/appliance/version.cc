// appliance version: ours, the Kubernetes level we answer as, and what is linked in.
#include "node/version.h"

#include "base/json/json.h"
#include "base/yaml/yaml.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {

int version(Argv argv) {
  std::string output;
  Args args("version", "prints the version", {"appliance version", "appliance version -o json"});
  args.option("-o,--output", output, "json or yaml");
  if (auto code = args.parse(argv)) return *code;
  const auto v = node::version();
  const json::Value document = json::Object{
      {"version", v.appliance},
      {"kubernetes", v.kubernetes},
      {"commit", v.commit},
      {"compiler", v.compiler},
      {"platform", v.platform},
      {"libraries",
       json::Object{{"cpp-httplib", v.httplib}, {"openssl", v.openssl}, {"boost", v.boost}, {"sqlite", v.sqlite}}}};
  if (output == "json") {
    print(json::serialize_pretty(document) + '\n');
  } else if (output == "yaml") {
    print(yaml::emit(document));
  } else if (output.empty()) {
    print("appliance " + std::string(v.appliance) + " (kubernetes " + v.kubernetes + ", " + v.platform + ")\n");
  } else {
    return usage_error("version", "-o \"" + output + "\": must be json or yaml");
  }
  return kDone;
}

}  // namespace appliance::cmd
