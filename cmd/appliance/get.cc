// appliance get: kubectl's arguments and output for the everyday cases.
#include <algorithm>

#include "base/strings.h"
#include "base/yaml/yaml.h"
#include "cmd/appliance/control_client.h"
#include "cmd/appliance/output.h"
#include "cmd/appliance/verbs.h"

namespace appliance::cmd {
namespace {

constexpr const char* kTableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

struct GetOptions {
  std::string ns = "default";
  bool all = false;
  std::string labels;
  std::string fields;
  std::string output;
  bool no_headers = false;
};

std::string cell_text(const json::Value& cell) {
  if (cell.is_string()) return std::string(cell.get_string());
  if (cell.is_null()) return "<none>";
  return json::serialize(cell);
}

std::string render(const json::Value& reply, const GetOptions& options, const std::string& prefix) {
  const bool wide = options.output == "wide";
  std::vector<std::vector<std::string>> rows;
  std::vector<size_t> shown;
  std::vector<std::string> header;
  if (options.all) header.emplace_back("NAMESPACE");
  const auto& columns = json::array_at(reply, {"columnDefinitions"});
  for (size_t i = 0; i < columns.size(); ++i) {
    if (json::int_at(columns[i], {"priority"}) > 0 && !wide) continue;
    shown.push_back(i);
    std::string name(json::string_at(columns[i], {"name"}));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    header.push_back(std::move(name));
  }
  if (!options.no_headers) rows.push_back(std::move(header));
  for (const auto& row : json::array_at(reply, {"rows"})) {
    std::vector<std::string> cells;
    if (options.all) cells.emplace_back(json::string_at(row, {"object", "metadata", "namespace"}));
    const auto& values = json::array_at(row, {"cells"});
    for (const size_t i : shown) cells.push_back(i < values.size() ? cell_text(values[i]) : "");
    if (!prefix.empty() && !cells.empty()) cells[options.all ? 1 : 0].insert(0, prefix);
    rows.push_back(std::move(cells));
  }
  return table(rows);
}

std::string query(const GetOptions& options) {
  std::string out;
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) out += std::string(out.empty() ? "?" : "&") + key + '=' + base::percent_encode(value);
  };
  add("labelSelector", options.labels);
  add("fieldSelector", options.fields);
  return out;
}

// One GET per name, or one list.
Result<json::Array> fetch(ControlClient& client, const orchestrator::api::Kind& kind,
                          const std::vector<std::string>& names, const GetOptions& options, const std::string& accept) {
  json::Array out;
  const std::string ns = options.all ? "" : options.ns;
  if (names.empty())
    out.push_back(TRY(client.call("GET", resource_path(kind, ns) + query(options), nullptr, "", accept)));
  for (const auto& name : names)
    out.push_back(TRY(client.call("GET", resource_path(kind, ns, name), nullptr, "", accept)));
  return out;
}

Result<> print_documents(ControlClient& client, const orchestrator::api::Kind& kind,
                         const std::vector<std::string>& names, const GetOptions& options) {
  auto documents = TRY(fetch(client, kind, names, options, "application/json"));
  json::Array items;
  for (auto& document : documents) {
    if (names.empty()) {
      for (auto item : json::array_at(document, {"items"})) {
        item.as_object()["kind"] = kind.kind;
        item.as_object()["apiVersion"] = kind.api_version();
        items.push_back(std::move(item));
      }
    } else {
      items.push_back(std::move(document));
    }
  }
  if (options.output == "name") {
    for (const auto& item : items)
      print(type_label(kind) + '/' + std::string(json::string_at(item, {"metadata", "name"})) + '\n');
    return {};
  }
  json::Value shown = names.size() == 1
                          ? items[0]
                          : json::Value(json::Object{{"apiVersion", "v1"},
                                                     {"items", std::move(items)},
                                                     {"kind", "List"},
                                                     {"metadata", json::Object{{"resourceVersion", ""}}}});
  print(options.output == "json" ? json::serialize_pretty(shown, 4) + '\n' : yaml::emit(shown));
  return {};
}

Result<bool> print_table(ControlClient& client, const orchestrator::api::Kind& kind,
                         const std::vector<std::string>& names, const GetOptions& options, bool prefixed) {
  auto replies = TRY(fetch(client, kind, names, options, kTableAccept));
  json::Value merged = replies[0];
  for (size_t i = 1; i < replies.size(); ++i)
    for (const auto& row : json::array_at(replies[i], {"rows"})) merged.as_object()["rows"].as_array().push_back(row);
  if (json::array_at(merged, {"rows"}).empty()) return false;
  const std::string prefix = prefixed ? type_label(kind) + '/' : "";
  print(render(merged, options, prefix));
  return true;
}

}  // namespace

int get(Argv argv) {
  GetOptions options;
  std::vector<std::string> words;
  Args args("get", "prints objects, as kubectl get", {"appliance get pods -A", "appliance get deploy web -o yaml"});
  args.rest("TYPE", words, "what to print, then names: pods; deploy/web; svc demo; pods,svc", true);
  args.option("-n,--namespace", options.ns, "namespace (default)");
  args.flag("-A,--all-namespaces", options.all, "of all namespaces");
  args.option("-l,--selector", options.labels, "label selector");
  args.option("--field-selector", options.fields, "field selector");
  args.option("-o,--output", options.output, "wide, yaml, json or name");
  args.flag("--no-headers", options.no_headers, "without the header line");
  const Target target(args);
  if (auto code = args.parse(argv)) return *code;
  if (!options.output.empty() && options.output != "wide" && options.output != "yaml" && options.output != "json" &&
      options.output != "name")
    return usage_error("get", "-o \"" + options.output + "\": must be wide, yaml, json or name");
  const auto config = target.config();
  if (!config) return report("get", config.error());
  ControlClient client(*config);

  std::vector<std::pair<std::string, std::vector<std::string>>> wanted;  // type -> names
  if (words[0].find('/') != std::string::npos) {
    for (const auto& word : words) {
      const auto slash = word.find('/');
      if (slash == std::string::npos)
        return usage_error("get",
                           "there is no need to specify a resource type as a separate argument when passing arguments "
                           "in resource/name form");
      wanted.push_back({word.substr(0, slash), {word.substr(slash + 1)}});
    }
  } else {
    for (const auto type : base::split(words[0], ',')) {
      if (type == "all") {
        for (const auto* name : {"pods", "services", "deployments", "replicasets"}) wanted.push_back({name, {}});
      } else {
        wanted.push_back({std::string(type), {words.begin() + 1, words.end()}});
      }
    }
  }
  bool any = false;
  int code = kDone;
  for (const auto& [type, names] : wanted) {
    const auto kind = find_resource(type);
    if (!kind) return report(kind.error());
    if (options.output.empty() || options.output == "wide") {
      if (any && wanted.size() > 1) print("\n");
      const auto shown = print_table(client, **kind, names, options, wanted.size() > 1);
      if (!shown) code = report(shown.error());
      any = any || (shown && *shown);
    } else {
      if (auto done = print_documents(client, **kind, names, options); !done) code = report(done.error());
      any = true;
    }
  }
  if (!any && code == kDone)
    std::fprintf(stderr, options.all ? "No resources found\n" : "No resources found in %s namespace.\n",
                 options.ns.c_str());
  return code;
}

}  // namespace appliance::cmd
