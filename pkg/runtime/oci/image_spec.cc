#include "runtime/oci/image_spec.h"

#include <algorithm>

#include "base/json/json.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::oci {

namespace {

constexpr size_t kStringsMax = 10'000;  // of env, cmd, labels: far over what execve takes

std::unexpected<Error> refuse(const std::string& what) { return fail(Code::kInvalidArgument, what); }

Result<std::string> text_field(const json::Object& object, std::string_view key, const std::string& where) {
  const json::Value* value = json::find(object, key);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return refuse(where + '.' + std::string(key) + ": must be a string");
  std::string out(value->get_string());
  if (out.find('\0') != std::string::npos) return refuse(where + '.' + std::string(key) + ": holds a NUL");
  return out;
}

Result<std::vector<std::string>> texts_field(const json::Object& object, std::string_view key,
                                             const std::string& where) {
  std::vector<std::string> out;
  const json::Value* value = json::find(object, key);
  if (value == nullptr || value->is_null()) return out;
  const std::string path = where + '.' + std::string(key);
  if (!value->is_array()) return refuse(path + ": must be a list of strings");
  if (value->get_array().size() > kStringsMax) return fail(Code::kResourceExhausted, path + ": too long");
  for (const json::Value& item : value->get_array()) {
    if (!item.is_string()) return refuse(path + ": must be a list of strings");
    out.emplace_back(item.get_string());
    if (out.back().find('\0') != std::string::npos) return refuse(path + ": holds a NUL");
  }
  return out;
}

// Keys of `{"8080/tcp": {}}`.
Result<std::vector<std::string>> set_field(const json::Object& object, std::string_view key, const std::string& where) {
  std::vector<std::string> out;
  const json::Value* value = json::find(object, key);
  if (value == nullptr || value->is_null()) return out;
  if (!value->is_object()) return refuse(where + '.' + std::string(key) + ": must be an object");
  if (value->get_object().size() > kStringsMax)
    return fail(Code::kResourceExhausted, where + '.' + std::string(key) + ": too long");
  for (const auto& [name, ignored] : value->get_object()) out.emplace_back(name);
  return out;
}

Result<Descriptor> parse_descriptor(const json::Value& value, const std::string& where) {
  if (!value.is_object()) return refuse(where + ": must be an object");
  const json::Object& object = value.get_object();
  Descriptor out;
  out.media_type = TRY(text_field(object, "mediaType", where));
  out.digest = TRY(text_field(object, "digest", where));
  if (!valid_digest(out.digest)) return refuse(where + ".digest: must be sha256: and 64 hex digits");
  const json::Value* size = json::find(object, "size");
  const int64_t bytes = size != nullptr && size->is_int64() ? size->get_int64() : -1;
  if (bytes < 0 || static_cast<uint64_t>(bytes) > kBlobBytesMax)
    return refuse(where + ".size: must be a count of bytes");
  out.size = static_cast<uint64_t>(bytes);
  const json::Object& platform = json::object_at(value, {"platform"});
  out.platform.os = TRY(text_field(platform, "os", where + ".platform"));
  out.platform.architecture = TRY(text_field(platform, "architecture", where + ".platform"));
  out.platform.variant = TRY(text_field(platform, "variant", where + ".platform"));
  const json::Object& notes = json::object_at(value, {"annotations"});
  out.ref_name = TRY(text_field(notes, "org.opencontainers.image.ref.name", where + ".annotations"));
  out.image_name = TRY(text_field(notes, "io.containerd.image.name", where + ".annotations"));
  out.attestation = notes.contains("vnd.docker.reference.type");
  return out;
}

Result<std::vector<Descriptor>> parse_descriptors(const json::Value& root, std::string_view key, size_t max) {
  std::vector<Descriptor> out;
  const json::Value* list = json::find(root, {key});
  const std::string where(key);
  if (list == nullptr || !list->is_array()) return refuse(where + ": must be a list");
  if (list->get_array().size() > max)
    return fail(Code::kResourceExhausted, where + ": more than " + std::to_string(max));
  for (const json::Value& item : list->get_array()) {
    out.push_back(TRY(parse_descriptor(item, where + '[' + std::to_string(out.size()) + ']')));
  }
  return out;
}

bool layer_type_is_known(std::string_view type) {
  return type.starts_with(media::kOciLayer) ||
         type.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar") ||
         type.starts_with("application/vnd.docker.image.rootfs.diff.tar") ||
         type.starts_with("application/vnd.docker.image.rootfs.foreign.diff.tar");
}

Result<Document> parse_manifest(const json::Value& root, Document out) {
  const json::Value* config = json::find(root, {"config"});
  if (config == nullptr) return refuse("config: is missing");
  out.config = TRY(parse_descriptor(*config, "config"));
  if (out.config.size > kDocumentBytesMax) return fail(Code::kResourceExhausted, "config.size: over 4 MiB");
  out.layers = TRY(parse_descriptors(root, "layers", kLayersMax));
  for (size_t i = 0; i < out.layers.size(); ++i) {
    if (layer_type_is_known(out.layers[i].media_type)) continue;
    return fail(Code::kUnimplemented, "layers[" + std::to_string(i) + "].mediaType: \"" + out.layers[i].media_type +
                                          "\" is not a layer that can be run");
  }
  return out;
}

}  // namespace

std::string Platform::string() const { return os + '/' + architecture + (variant.empty() ? "" : '/' + variant); }

Platform platform_of(std::string_view machine) {
  if (machine == "x86_64") return {"linux", "amd64", ""};
  if (machine == "aarch64") return {"linux", "arm64", ""};
  if (machine == "armv7l") return {"linux", "arm", "v7"};
  if (machine == "i686") return {"linux", "386", ""};
  return {"linux", std::string(machine), ""};  // riscv64, ppc64le, s390x have one name
}

Result<Document> parse_document(std::string_view text, std::string_view content_type) {
  if (text.size() > kDocumentBytesMax) return fail(Code::kResourceExhausted, "the document is over 4 MiB");
  const json::Value root = TRY(json::parse(text, {.depth_max = 16, .bytes_max = kDocumentBytesMax}));
  if (!root.is_object()) return refuse("the document is not an object");
  const int64_t version = json::int_at(root, {"schemaVersion"});
  if (version == 1) {
    return fail(Error{.code = Code::kUnimplemented,
                      .message = "schemaVersion: 1 is Docker's format of before 2016 and can't be verified",
                      .errno_value = 0,
                      .hint = "push the image again with a current tool"});
  }
  if (version != 2) return refuse("schemaVersion: must be 2");
  Document out;
  out.media_type = TRY(text_field(root.get_object(), "mediaType", "document"));
  const std::string_view base_type = content_type.substr(0, std::min(content_type.find(';'), content_type.size()));
  if (out.media_type.empty()) out.media_type = base_type;
  const bool has_manifests = json::find(root, {"manifests"}) != nullptr;
  const bool has_layers = json::find(root, {"layers"}) != nullptr;
  if (has_manifests && has_layers) return refuse("the document is both an index and a manifest");  // CVE-2021-41190
  const bool says_index = out.media_type == media::kOciIndex || out.media_type == media::kDockerList;
  const bool says_manifest = out.media_type == media::kOciManifest || out.media_type == media::kDockerManifest;
  if ((says_index && has_layers) || (says_manifest && has_manifests))
    return refuse("mediaType: does not fit the document");
  if (!says_index && !says_manifest) out.media_type = has_manifests ? media::kOciIndex : media::kOciManifest;
  out.is_index = has_manifests;
  if (!out.is_index) return parse_manifest(root, std::move(out));
  out.manifests = TRY(parse_descriptors(root, "manifests", kManifestsMax));
  return out;
}

Result<Descriptor> select_platform(const std::vector<Descriptor>& manifests, const Platform& host) {
  std::string offered;
  const Descriptor* unnamed = nullptr;
  size_t candidates = 0;
  for (const Descriptor& each : manifests) {
    if (each.attestation || each.platform.os == "unknown") continue;
    ++candidates;
    if (each.platform.architecture.empty()) {
      unnamed = &each;
      continue;
    }
    if (each.platform.os == host.os && each.platform.architecture == host.architecture) return each;
    if (offered.size() < 300) offered += (offered.empty() ? "" : ", ") + each.platform.string();
  }
  if (unnamed != nullptr && candidates == 1) return *unnamed;
  return fail(Code::kFailedPrecondition,
              "no image for " + host.string() + "; there is " + (offered.empty() ? "none" : offered));
}

Result<Config> parse_config(std::string_view text) {
  if (text.size() > kDocumentBytesMax) return fail(Code::kResourceExhausted, "the configuration is over 4 MiB");
  const json::Value root = TRY(json::parse(text, {.depth_max = 32, .bytes_max = kDocumentBytesMax}));
  if (!root.is_object()) return refuse("the configuration is not an object");
  Config out;
  const json::Object& top = root.get_object();
  out.platform.os = TRY(text_field(top, "os", "configuration"));
  out.platform.architecture = TRY(text_field(top, "architecture", "configuration"));
  out.platform.variant = TRY(text_field(top, "variant", "configuration"));
  out.created = TRY(text_field(top, "created", "configuration"));
  if (json::find(root, {"rootfs"}) == nullptr) return refuse("rootfs: is missing");
  out.diff_ids = TRY(texts_field(json::object_at(root, {"rootfs"}), "diff_ids", "rootfs"));
  if (out.diff_ids.size() > kLayersMax) return fail(Code::kResourceExhausted, "rootfs.diff_ids: too many");
  if (!std::ranges::all_of(out.diff_ids, valid_digest))
    return refuse("rootfs.diff_ids: must be sha256: and 64 hex digits");
  const json::Object& config = json::object_at(root, {"config"});
  out.user = TRY(text_field(config, "User", "config"));
  out.env = TRY(texts_field(config, "Env", "config"));
  out.entrypoint = TRY(texts_field(config, "Entrypoint", "config"));
  out.cmd = TRY(texts_field(config, "Cmd", "config"));
  out.working_dir = TRY(text_field(config, "WorkingDir", "config"));
  out.stop_signal = TRY(text_field(config, "StopSignal", "config"));
  out.exposed_ports = TRY(set_field(config, "ExposedPorts", "config"));
  out.volumes = TRY(set_field(config, "Volumes", "config"));
  const json::Value* labels = json::find(config, "Labels");
  if (labels != nullptr && labels->is_object()) {
    for (const auto& [name, value] : labels->get_object()) {
      if (value.is_string()) out.labels.emplace(std::string(name), std::string(value.get_string()));
    }
  }
  return out;
}

Result<> check_platform(const Config& config, const Platform& host) {
  const Platform& own = config.platform;
  const bool same_os = own.os.empty() || own.os == host.os;
  const bool same_architecture = own.architecture.empty() || own.architecture == host.architecture;
  if (same_os && same_architecture) return {};
  return fail(Code::kFailedPrecondition, "the image is for " + own.string() + ", this machine is " + host.string());
}

}  // namespace appliance::runtime::oci
