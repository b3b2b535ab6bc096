// appliance check: is this machine fit?
#include "node/check/check.h"

#include "base/yaml/yaml.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/node_flags.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {

int check(Argv argv) {
  std::string output;
  Args args("check", "is this machine fit? each failing line names the remedy",
            {"appliance check", "appliance check -o json"});
  args.option("-o,--output", output, "json or yaml");
  NodeFlags flags(args);
  if (auto code = args.parse(argv)) return *code;
  const auto config = flags.config(args);
  if (!config) return report("check", config.error());
  const auto lines = node::check_machine(*config, ControlClient(*config).alive());
  static constexpr const char* kStates[] = {"ok", "warning", "failed"};
  bool fit = true;
  json::Array items;
  std::vector<std::vector<std::string>> rows{{"CHECK", "STATE", "DETAIL"}};
  for (const auto& line : lines) {
    const char* state = kStates[static_cast<size_t>(line.state)];
    fit = fit && line.state != node::CheckLine::State::kFailed;
    items.push_back(
        json::Object{{"name", line.name}, {"state", state}, {"detail", line.detail}, {"remedy", line.remedy}});
    rows.push_back({line.name, state, line.detail + (line.remedy.empty() ? "" : " -> " + line.remedy)});
  }
  const json::Value document = json::Object{{"fit", fit}, {"checks", std::move(items)}};
  if (output == "json") {
    print(json::serialize_pretty(document) + '\n');
  } else if (output == "yaml") {
    print(yaml::emit(document));
  } else if (output.empty()) {
    print(table(rows));
  } else {
    return usage_error("check", "-o \"" + output + "\": must be json or yaml");
  }
  return fit ? kDone : kFailed;
}

}  // namespace appliance::cmd
