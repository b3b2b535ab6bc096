#include "node/bootstrap/kubeconfig.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/fs.h"
#include "base/strings.h"
#include "base/yaml/yaml.h"

namespace appliance::node {
namespace {

constexpr const char* kLists[] = {"clusters", "users", "contexts"};

json::Array without_ours(const json::Value& document, std::string_view list) {
  json::Array out;
  for (const auto& entry : json::array_at(document, {list}))
    if (json::string_at(entry, {"name"}) != kContextName) out.push_back(entry);
  return out;
}

Result<std::string> text_of(const std::string& path) {
  auto text = base::read_file(path);
  if (!text && text.error().code == Code::kNotFound) return std::string();
  if (text && !text->empty() && !text->ends_with('\n')) *text += '\n';  // a note of an earlier version
  return text;
}

bool has_line(std::string_view text, std::string_view line) {
  for (const auto each : base::split(text, '\n'))
    if (each == line) return true;
  return false;
}

Result<> write_owned(const KubeconfigTarget& target, const json::Value& document, const std::string& note_path) {
  const auto slash = target.path.rfind('/');
  const auto dir = target.path.substr(0, slash);
  struct stat info{};
  if (::stat(dir.c_str(), &info) != 0) {
    TRY(base::write_file_atomic(note_path, TRY(text_of(note_path)) + dir + '\n'));
    TRY(base::make_dirs(dir, 0700));
    if (::chown(dir.c_str(), target.uid, target.gid) != 0) return fail_errno("chown " + dir);
  }
  TRY(base::write_file_atomic(target.path, yaml::emit(document), target.mode));
  if (::chown(target.path.c_str(), target.uid, target.gid) != 0) return fail_errno("chown " + target.path);
  return {};
}

Result<json::Value> read_existing(const std::string& path) {
  auto text = base::read_file(path);
  if (!text)
    return text.error().code == Code::kNotFound ? Result<json::Value>(json::Value(nullptr)) : fail(text.error());
  if (base::trim(*text).empty()) return json::Value(nullptr);
  return TRY_CTX(yaml::parse(*text), path);
}

}  // namespace

Result<std::string> home_of(unsigned uid) {
  const auto text = TRY(base::read_file("/etc/passwd"));
  for (const auto line : base::split(text, '\n')) {
    const auto fields = base::split(line, ':');
    if (fields.size() >= 6 && base::parse_int<unsigned>(fields[2]) == uid) return std::string(fields[5]);
  }
  return fail(Code::kNotFound, "no home folder of user " + std::to_string(uid) + " in /etc/passwd");
}

json::Value admin_kubeconfig(const Pki& pki, const std::string& server_url) {
  const std::string name(kContextName);
  return json::Object{
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters",
       json::Array{json::Object{{"name", name},
                                {"cluster", json::Object{{"certificate-authority-data", base::base64(pki.ca_pem)},
                                                         {"server", server_url}}}}}},
      {"users",
       json::Array{json::Object{{"name", name},
                                {"user", json::Object{{"client-certificate-data", base::base64(pki.admin_pem)},
                                                      {"client-key-data", base::base64(pki.admin_key_pem)}}}}}},
      {"contexts",
       json::Array{json::Object{{"name", name}, {"context", json::Object{{"cluster", name}, {"user", name}}}}}},
      {"current-context", name},
      {"preferences", json::Object{}}};
}

json::Value merge_kubeconfig(const json::Value& existing, const json::Value& ours, bool take_over) {
  if (!existing.is_object()) return ours;
  json::Value out = existing;
  for (const auto* list : kLists) {
    auto kept = without_ours(existing, list);
    for (const auto& entry : json::array_at(ours, {list})) kept.push_back(entry);
    out.as_object()[list] = std::move(kept);
  }
  if (take_over || json::string_at(existing, {"current-context"}).empty())
    out.as_object()["current-context"] = kContextName;
  return out;
}

json::Value remove_from_kubeconfig(const json::Value& existing) {
  if (!existing.is_object()) return nullptr;
  json::Value out = existing;
  bool empty = true;
  for (const auto* list : kLists) {
    auto kept = without_ours(existing, list);
    empty = empty && kept.empty();
    out.as_object()[list] = std::move(kept);
  }
  if (empty) return nullptr;
  if (json::string_at(existing, {"current-context"}) == kContextName) out.as_object()["current-context"] = "";
  return out;
}

Result<KubeconfigTarget> kubeconfig_target() {
  KubeconfigTarget target{.path = {}, .uid = getuid(), .gid = getgid()};
  if (const char* uid = std::getenv("SUDO_UID"); uid != nullptr && getuid() == 0) {
    target.uid = base::parse_int<unsigned>(uid).value_or(0);
    const char* gid = std::getenv("SUDO_GID");
    target.gid = gid != nullptr ? base::parse_int<unsigned>(gid).value_or(0) : 0;
  }
  if (const char* env = std::getenv("KUBECONFIG"); env != nullptr && *env != '\0') {
    target.path = std::string(base::split(env, ':')[0]);
    if (!target.path.empty()) return target;
  }
  const char* home = std::getenv("HOME");
  const bool own_home = home != nullptr && *home != '\0' && target.uid == getuid();
  target.path = (own_home ? std::string(home) : TRY(home_of(target.uid))) + "/.kube/config";
  return target;
}

Result<bool> install_kubeconfig(const KubeconfigTarget& target, const json::Value& ours, const std::string& note_path) {
  const auto existing = TRY(read_existing(target.path));
  const auto merged = target.merge ? merge_kubeconfig(existing, ours, false) : ours;
  if (merged == existing) return false;
  TRY(write_owned(target, merged, note_path));
  return true;
}

Result<bool> uninstall_kubeconfig(const KubeconfigTarget& target, const std::string& note_path) {
  const auto existing = TRY(read_existing(target.path));
  if (existing.is_null()) return false;
  const auto rest = remove_from_kubeconfig(existing);
  if (rest == existing) return false;
  if (rest.is_null()) {
    if (::unlink(target.path.c_str()) != 0) return fail_errno("remove " + target.path);
    const auto dir = target.path.substr(0, target.path.rfind('/'));
    if (const auto made = text_of(note_path); made && has_line(*made, dir))
      (void)::rmdir(dir.c_str());  // what others put there in the meantime, kubectl's cache say, keeps it
    return true;
  }
  TRY(write_owned(target, rest, note_path));
  return true;
}

std::string kubeconfig_list(const std::string& data_dir) { return data_dir + "/kubeconfigs"; }

Result<> remember_kubeconfig(const KubeconfigTarget& target, const std::string& list_path) {
  if (target.path.find('\n') != std::string::npos)
    return fail(Code::kInvalidArgument, "a kubeconfig's path has a line break in it");
  const auto line = std::to_string(target.uid) + ' ' + std::to_string(target.gid) + ' ' + target.path;
  const auto text = TRY(text_of(list_path));
  if (has_line(text, line)) return {};
  return base::write_file_atomic(list_path, text + line + '\n', 0600);
}

Result<std::vector<KubeconfigTarget>> remembered_kubeconfigs(const std::string& list_path) {
  const auto text = TRY(text_of(list_path));
  std::vector<KubeconfigTarget> out;
  for (const auto line : base::split(text, '\n')) {
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) continue;
    const auto uid = base::parse_int<unsigned>(line.substr(0, first));
    const auto gid = base::parse_int<unsigned>(line.substr(first + 1, second - first - 1));
    const auto path = line.substr(second + 1);
    if (uid && gid && path.starts_with('/')) out.push_back({.path = std::string(path), .uid = *uid, .gid = *gid});
  }
  return out;
}

}  // namespace appliance::node
