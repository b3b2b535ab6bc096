#include "orchestrator/api/kinds/kinds.h"
#include "orchestrator/api/kinds/pod_rules.h"
#include "orchestrator/api/names.h"
#include "orchestrator/api/quantity.h"

namespace appliance::orchestrator::api {
namespace {

using Errors = std::vector<FieldError>;

void check_mode(const json::Value& source, std::string_view key, const std::string& path, Errors& errors) {
  const auto* mode = json::find(source, {key});
  if (mode == nullptr) return;
  const auto value = json::int_at(source, {key});
  if (value < 0 || value > 0777)
    errors.push_back(
        invalid(path + '.' + std::string(key), *mode, "must be a number between 0 and 0777 (octal), both inclusive"));
}

void check_relative(std::string_view path, const std::string& at, Errors& errors) {
  if (path.empty()) errors.push_back(required(at));
  if (path.starts_with('/')) errors.push_back(invalid(at, json::String(path), "must be a relative path"));
  for (size_t from = 0; from <= path.size();) {
    const size_t slash = std::min(path.find('/', from), path.size());
    if (path.substr(from, slash - from) == "..") {
      errors.push_back(invalid(at, json::String(path), "must not contain '..'"));
      break;
    }
    from = slash + 1;
  }
}

void check_items(const json::Value& source, const std::string& path, Errors& errors) {
  const auto& items = json::array_at(source, {"items"});
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string at = at_index(path + ".items", i);
    if (json::string_at(items[i], {"key"}).empty()) errors.push_back(required(at + ".key"));
    check_relative(json::string_at(items[i], {"path"}), at + ".path", errors);
    check_mode(items[i], "mode", at, errors);
  }
}

void check_downward(const json::Value& source, const std::string& path, Errors& errors) {
  const auto& items = json::array_at(source, {"items"});
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string at = at_index(path + ".items", i);
    check_relative(json::string_at(items[i], {"path"}), at + ".path", errors);
    const bool has_field = json::find(items[i], {"fieldRef"}) != nullptr;
    const bool has_resource = json::find(items[i], {"resourceFieldRef"}) != nullptr;
    if (has_field && has_resource)
      errors.push_back(invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    if (!has_field && !has_resource) errors.push_back(required(at, "one of fieldRef and resourceFieldRef is required"));
    check_mode(items[i], "mode", at, errors);
  }
}

void check_projected(const json::Value& source, const std::string& path, Errors& errors) {
  const auto& sources = json::array_at(source, {"sources"});
  for (size_t i = 0; i < sources.size(); ++i) {
    const std::string at = at_index(path + ".sources", i);
    size_t count = 0;
    for (const auto* key : {"secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"}) {
      const auto* one = json::find(sources[i], {key});
      if (one == nullptr) continue;
      const std::string_view type = key;
      const std::string inner = at + '.' + key;
      if (++count > 1) errors.push_back(forbidden(inner, "may not specify more than 1 volume type"));
      if (type == "secret" || type == "configMap") {
        if (json::string_at(*one, {"name"}).empty()) errors.push_back(required(inner + ".name"));
        check_items(*one, inner, errors);
      } else if (type == "downwardAPI") {
        check_downward(*one, inner, errors);
      } else if (type == "serviceAccountToken") {
        if (json::int_at(*one, {"expirationSeconds"}, 3600) < 600)
          errors.push_back(invalid(inner + ".expirationSeconds", json::int_at(*one, {"expirationSeconds"}),
                                   "may not specify a duration less than 10 minutes"));
        check_relative(json::string_at(*one, {"path"}), inner + ".path", errors);
      }
    }
    if (count == 0) errors.push_back(required(at, "must specify a volume type"));
  }
  check_mode(source, "defaultMode", path, errors);
}

void check_host_path(const json::Value& source, const std::string& path, Errors& errors) {
  const auto target = json::string_at(source, {"path"});
  if (target.empty()) {
    errors.push_back(required(path + ".path"));
  } else if (target.find("..") != std::string_view::npos) {
    for (size_t from = 0; from <= target.size();) {
      const size_t slash = std::min(target.find('/', from), target.size());
      if (target.substr(from, slash - from) == "..") {
        errors.push_back(invalid(path + ".path", json::String(target), "must not contain '..'"));
        break;
      }
      from = slash + 1;
    }
  }
  const std::vector<std::string> types = {"BlockDevice", "CharDevice",   "Directory", "DirectoryOrCreate",
                                          "File",        "FileOrCreate", "Socket"};
  const auto type = json::string_at(source, {"type"});
  if (!type.empty() && !is_one_of(type, types))
    errors.push_back(not_supported(path + ".type", json::String(type), types));
}

void check_source(std::string_view type, const json::Value& source, const std::string& path, Errors& errors) {
  if (type == "hostPath") {
    check_host_path(source, path, errors);
  } else if (type == "emptyDir") {
    if (const auto* limit = json::find(source, {"sizeLimit"}); limit != nullptr && quantity_value(limit) < 0)
      errors.push_back(forbidden(path + ".sizeLimit", "SizeLimit field must be a valid resource quantity"));
  } else if (type == "configMap") {
    if (json::string_at(source, {"name"}).empty()) errors.push_back(required(path + ".name"));
    check_mode(source, "defaultMode", path, errors);
    check_items(source, path, errors);
  } else if (type == "secret") {
    if (json::string_at(source, {"secretName"}).empty()) errors.push_back(required(path + ".secretName"));
    check_mode(source, "defaultMode", path, errors);
    check_items(source, path, errors);
  } else if (type == "downwardAPI") {
    check_mode(source, "defaultMode", path, errors);
    check_downward(source, path, errors);
  } else if (type == "projected") {
    check_projected(source, path, errors);
  } else if (type == "persistentVolumeClaim") {
    if (json::string_at(source, {"claimName"}).empty()) errors.push_back(required(path + ".claimName"));
  } else if (type == "nfs") {
    for (const auto* key : {"server", "path"})
      if (json::string_at(source, {key}).empty()) errors.push_back(required(path + '.' + key));
  }
}

}  // namespace

std::set<std::string_view> validate_volumes(const json::Array& volumes, const std::string& path, Errors& errors) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < volumes.size(); ++i) {
    const std::string at = at_index(path, i);
    size_t count = 0;
    for (const auto& member : json::object_at(volumes[i], {})) {
      const std::string_view type = {member.key().data(), member.key().size()};
      if (type == "name") continue;
      if (++count > 1) {
        errors.push_back(forbidden(at + '.' + std::string(type), "may not specify more than 1 volume type"));
      } else {
        check_source(type, member.value(), at + '.' + std::string(type), errors);
      }
    }
    if (count == 0) errors.push_back(required(at, "must specify a volume type"));
    const auto name = json::string_at(volumes[i], {"name"});
    const auto why = check_dns_label(name);
    if (name.empty()) {
      errors.push_back(required(at + ".name"));
    } else {
      add_invalid(errors, at + ".name", name, why);
    }
    if (!names.insert(name).second) errors.push_back(duplicate(at + ".name", json::String(name)));
  }
  return names;
}

}  // namespace appliance::orchestrator::api
