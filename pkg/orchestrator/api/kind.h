// Kinds are data: one Kind per API resource, with its schema tree and the few functions that data cannot say. The table
// is an immutable snapshot; whoever holds the shared_ptr may read it from any thread.
//
//   auto kinds = api::builtin_kinds();
//   const Kind* k = kinds->find("apps", "v1", "deployments");
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json/json.h"

namespace appliance::orchestrator::api {

struct Schema;      // schema.h
struct FieldError;  // errors.h

struct Column {  // of a Table
  std::string name;
  std::string type = "string";
  std::string format;
  std::string description;
  int priority = 0;  // > 0: only with -o wide
};

struct Kind {
  std::string group;    // "" for core
  std::string version;  // "v1"
  std::string kind;     // "Deployment"
  std::string plural;   // "deployments"
  std::string singular;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::vector<std::string> verbs;  // sorted; reviews have only "create"
  bool namespaced = true;
  bool has_status = false;  // the status subresource
  bool has_scale = false;
  bool has_generation = false;               // metadata.generation counts changes of spec
  bool annotations_bump_generation = false;  // Deployment: its history hangs on annotations
  bool stored = true;                        // false: review kinds, answered and forgotten
  bool unconditional_update = true;          // an update without resourceVersion is allowed
  const Schema* schema = nullptr;            // of the whole object
  std::vector<std::string> (*check_name)(std::string_view name) = nullptr;  // null: a DNS subdomain (names.h)

  // Cross-field rules beside the schema. `old` is null on create. Null pointers: nothing to do.
  void (*prepare)(json::Value& object, const json::Value* old) = nullptr;  // after defaulting: drops and derives
  void (*validate)(const json::Value& object, const json::Value* old, std::vector<FieldError>& errors) = nullptr;
  std::vector<Column> columns;
  // Cells in the order of `columns`; `now_seconds` for ages.
  json::Array (*cells)(const json::Value& object, int64_t now_seconds) = nullptr;

  [[nodiscard]] std::string api_version() const { return group.empty() ? version : group + '/' + version; }
  [[nodiscard]] std::string resource() const {
    return group.empty() ? plural : plural + '.' + group;
  }  // "deployments.apps"
  [[nodiscard]] std::string list_kind() const { return kind + "List"; }
};

class KindTable {
 public:
  explicit KindTable(std::vector<Kind> kinds);
  [[nodiscard]] const Kind* find(std::string_view group, std::string_view version, std::string_view plural) const;
  [[nodiscard]] const Kind* find_kind(std::string_view api_version, std::string_view kind) const;
  [[nodiscard]] const Kind* by_resource(std::string_view resource) const;  // "deployments.apps", "pods"
  [[nodiscard]] const std::vector<Kind>& all() const { return kinds_; }    // core first, then apps, then the rest

 private:
  std::vector<Kind> kinds_;
};

std::shared_ptr<const KindTable> builtin_kinds();

}  // namespace appliance::orchestrator::api
