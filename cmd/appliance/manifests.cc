#include "cmd/appliance/manifests.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "base/yaml/yaml.h"

namespace appliance::cmd {
namespace {

Result<std::string> read_stdin() {
  std::string out;
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n < 0) return fail_errno("read standard input");
    if (n == 0) return out;
    out.append(buffer, static_cast<size_t>(n));
    if (out.size() > kManifestBytesMax)
      return fail(Code::kResourceExhausted, "standard input: more than 16 MiB of manifests");
  }
}

Result<std::vector<std::string>> files_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fail_errno("the path \"" + path + "\" cannot be read");
  if (!S_ISDIR(info.st_mode)) return std::vector<std::string>{path};
  std::vector<std::string> out;
  for (const auto& name : TRY(base::make_real_fs()->list(path)))
    if (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json")) out.push_back(path + '/' + name);
  if (out.empty()) return fail(Code::kNotFound, "no .yaml, .yml or .json file in " + path);
  return out;
}

Result<> add(std::vector<Manifest>& out, const std::string& source, const std::string& text) {
  for (auto& document : TRY_CTX(yaml::parse_all(text), source)) {
    if (document.is_null()) continue;
    if (json::string_at(document, {"kind"}) == "List") {
      for (const auto& item : json::array_at(document, {"items"})) out.push_back({source, item});
      continue;
    }
    if (json::string_at(document, {"kind"}).empty()) return fail(Code::kInvalidArgument, source + ": kind not set");
    out.push_back({source, std::move(document)});
  }
  return {};
}

}  // namespace

Result<std::vector<Manifest>> read_manifests(const std::vector<std::string>& paths) {
  std::vector<Manifest> out;
  for (const auto& path : paths) {
    if (path == "-") {
      TRY(add(out, "STDIN", TRY(read_stdin())));
      continue;
    }
    for (const auto& file : TRY(files_of(path))) TRY(add(out, file, TRY(base::read_file(file, kManifestBytesMax))));
  }
  if (out.empty()) return fail(Code::kInvalidArgument, "no objects passed to apply");
  return out;
}

}  // namespace appliance::cmd
