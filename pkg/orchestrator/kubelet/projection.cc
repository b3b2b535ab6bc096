#include "orchestrator/kubelet/projection.h"

#include "base/strings.h"

namespace appliance::orchestrator::kubelet {
namespace {

bool safe_path(std::string_view path) {
  if (path.empty() || path[0] == '/' || path.size() > 4096) return false;
  for (const auto part : base::split(path, '/'))
    if (part.empty() || part == "." || part == ".." || part.starts_with("..")) return false;
  return true;
}

Result<> put(FileSet& out, const std::string& path, std::string bytes, unsigned mode) {
  if (!safe_path(path)) return fail(Code::kInvalidArgument, "volume path \"" + path + "\": not allowed");
  out[path] = {.bytes = std::move(bytes), .mode = mode & 0777U};
  return {};
}

unsigned mode_of(const json::Value& item, unsigned fallback) {
  return static_cast<unsigned>(json::int_at(item, {"mode"}, fallback));
}

Result<> add_items(FileSet& out, const json::Value& source, const std::map<std::string, std::string>& data,
                   const std::string& what, unsigned mode, bool optional) {
  const auto& items = json::array_at(source, {"items"});
  if (items.empty()) {
    for (const auto& [key, value] : data) TRY(put(out, key, value, mode));
    return {};
  }
  for (const auto& item : items) {
    const std::string key(json::string_at(item, {"key"}));
    const auto found = data.find(key);
    if (found == data.end()) {
      if (optional) continue;
      return fail(Code::kNotFound, what + " references non-existent config key: " + key);
    }
    TRY(put(out, std::string(json::string_at(item, {"path"})), found->second, mode_of(item, mode)));
  }
  return {};
}

Result<> add_object(FileSet& out, const json::Value& source, const std::string& name, bool secret, unsigned mode,
                    const ProjectionInput& in) {
  const bool optional = json::bool_at(source, {"optional"});
  auto object = in.lookup(secret ? "secrets" : "configmaps", name);
  const std::string what = secret ? "secret" : "configmap";
  if (!object) {
    if (object.error().code == Code::kNotFound && optional) return {};
    if (object.error().code == Code::kNotFound) return fail(Code::kNotFound, what + " \"" + name + "\" not found");
    return fail(object.error());
  }
  auto data = string_map_of(json::object_at(*object, {"data"}));
  if (secret)
    for (auto& [key, value] : data) value = base::unbase64(value).value_or(std::string());
  else
    for (const auto& [key, value] : string_map_of(json::object_at(*object, {"binaryData"})))
      data[key] = base::unbase64(value).value_or(std::string());
  return add_items(out, source, data, what, mode, optional);
}

Result<> add_downward(FileSet& out, const json::Value& source, unsigned mode, const ProjectionInput& in) {
  for (const auto& item : json::array_at(source, {"items"})) {
    const std::string path(json::string_at(item, {"path"}));
    if (const auto* ref = json::find(item, {"fieldRef"})) {
      auto value = TRY(field_value(in.pod, in.facts, json::string_at(*ref, {"fieldPath"})));
      TRY(put(out, path, std::move(value), mode_of(item, mode)));
    } else if (const auto* resource = json::find(item, {"resourceFieldRef"})) {
      const auto* container = in.pod.find(json::string_at(*resource, {"containerName"}));
      if (container == nullptr) return fail(Code::kInvalidArgument, "downwardAPI " + path + ": container not found");
      const auto* divisor = json::find(*resource, {"divisor"});
      const std::string text = divisor != nullptr && divisor->is_string() ? std::string(divisor->get_string()) : "";
      auto value = TRY(resource_value(in.pod, in.facts, *container, json::string_at(*resource, {"resource"}), text));
      TRY(put(out, path, std::move(value), mode_of(item, mode)));
    }
  }
  return {};
}

Result<> add_source(FileSet& out, const json::Value& source, unsigned mode, const ProjectionInput& in) {
  if (const auto* s = json::find(source, {"configMap"}))
    return add_object(out, *s, std::string(json::string_at(*s, {"name"})), false, mode, in);
  if (const auto* s = json::find(source, {"secret"}))
    return add_object(out, *s, std::string(json::string_at(*s, {"name"})), true, mode, in);
  if (const auto* s = json::find(source, {"downwardAPI"})) return add_downward(out, *s, mode, in);
  if (const auto* s = json::find(source, {"serviceAccountToken"})) {
    auto token = TRY(in.token({.audience = std::string(json::string_at(*s, {"audience"})),
                               .expiration_seconds = json::int_at(*s, {"expirationSeconds"}, 3600)}));
    // Readable for the pod's user alone when it is known not to be root; the kubelet of Kubernetes does the same.
    return put(out, std::string(json::string_at(*s, {"path"})), std::move(token), mode);
  }
  return fail(Code::kUnimplemented, "this projected volume source is not supported");
}

Result<FileSet> checked(FileSet out) {
  size_t bytes = 0;
  for (const auto& [path, file] : out) bytes += file.bytes.size();
  if (bytes > kProjectedBytesMax)
    return fail(Code::kResourceExhausted, "volume holds " + std::to_string(bytes) + " bytes: at most " +
                                              std::to_string(kProjectedBytesMax) + " are allowed");
  return out;
}

}  // namespace

bool is_projection(const json::Value& volume) {
  for (const auto* key : {"configMap", "secret", "downwardAPI", "projected"})
    if (json::find(volume, {key}) != nullptr) return true;
  return false;
}

Result<FileSet> project(const json::Value& volume, const ProjectionInput& in) {
  FileSet out;
  const auto mode = [&](const char* key) {
    return static_cast<unsigned>(json::int_at(volume, {key, "defaultMode"}, 0644));
  };
  if (const auto* v = json::find(volume, {"configMap"})) {
    TRY(add_object(out, *v, std::string(json::string_at(*v, {"name"})), false, mode("configMap"), in));
  } else if (const auto* secret = json::find(volume, {"secret"})) {
    TRY(add_object(out, *secret, std::string(json::string_at(*secret, {"secretName"})), true, mode("secret"), in));
  } else if (const auto* downward = json::find(volume, {"downwardAPI"})) {
    TRY(add_downward(out, *downward, mode("downwardAPI"), in));
  } else {
    for (const auto& source : json::array_at(volume, {"projected", "sources"}))
      TRY(add_source(out, source, mode("projected"), in));
  }
  return checked(std::move(out));
}

}  // namespace appliance::orchestrator::kubelet
