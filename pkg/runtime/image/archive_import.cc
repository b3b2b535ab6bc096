// Reads image archives: OCI image layouts (image-spec, image-layout.md) and what `docker save` wrote before it wrote
// layouts.
//
// Every file of the archive is spooled into a temporary file with a name of our own; the archive's paths are only keys
// of a map. What an index refers to is then checked against size and digest and moved into the content store.
#include <algorithm>
#include <map>
#include <vector>

#include "base/compress/compress.h"
#include "base/json/json.h"
#include "base/strings.h"
#include "base/tar/tar.h"
#include "runtime/image/store.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::image {

namespace {

constexpr uint64_t kFilesMax = 20'000;  // 500 layers each of many images
constexpr size_t kIndexDepthMax = 4;    // an index in an index; deeper is an attack
constexpr size_t kImagesMax = 256;

struct Spooled {
  content::PendingFile file;
  std::string digest;
  uint64_t size = 0;
};

class Archive {
 public:
  Archive(const content::ContentStore& content, uint64_t bytes_max) : content_(content), bytes_max_(bytes_max) {}

  Result<> spool(const std::string& path) {
    auto file = TRY(base::compress::FileSource::open(path));
    const auto plain = TRY(base::compress::decompress(file, {.total_bytes_max = bytes_max_}));
    base::tar::Reader reader(*plain, {.entries_max = kFilesMax});
    while (const auto entry = TRY(reader.next())) {
      const std::string name = TRY(base::tar::normalize(entry->path));
      if (entry->type == base::tar::Type::kFile) TRY(spool_file(name, reader));
      if (entry->type == base::tar::Type::kSymlink) TRY(add_symlink(name, entry->link));
      if (entry->type == base::tar::Type::kHardlink) links_[name] = TRY(base::tar::normalize(entry->link));
    }
    return {};
  }

  [[nodiscard]] bool has(const std::string& name) const { return files_.contains(resolve(name)); }

  // A small document of the archive.
  Result<std::string> document(const std::string& name) const {
    const auto found = files_.find(resolve(name));
    if (found == files_.end()) return fail(Code::kInvalidArgument, name + " is not in the archive");
    auto source = TRY(base::compress::FileSource::open(found->second.file.path()));
    return TRY_CTX(base::compress::read_all(source, oci::kDocumentBytesMax), name);
  }

  Result<std::string> blob_document(const oci::Descriptor& descriptor) const {
    TRY(check(descriptor));
    return document(blob_name(descriptor.digest));
  }

  // Size and digest of what the archive holds are those of the descriptor.
  Result<> check(const oci::Descriptor& descriptor) const {
    const auto found = files_.find(resolve(blob_name(descriptor.digest)));
    if (found == files_.end())
      return fail(Code::kInvalidArgument, "blob " + descriptor.digest + " is not in the archive");
    if (found->second.size != descriptor.size) {
      return fail(Code::kDataLoss, descriptor.digest + ": size is " + std::to_string(found->second.size) +
                                       " bytes, expected " + std::to_string(descriptor.size) + " bytes");
    }
    if (found->second.digest == descriptor.digest) return {};
    return fail(Code::kDataLoss,
                descriptor.digest + ": digest is " + found->second.digest + ", expected " + descriptor.digest);
  }

  // Moves the file with this digest into the content store, once.
  Result<> keep(const std::string& digest) {
    if (content_.has(digest)) return {};
    for (auto& [name, spooled] : files_) {
      if (spooled.digest == digest && !spooled.file.path().empty()) return spooled.file.keep(content_.path(digest));
    }
    return fail(Code::kInvalidArgument, "blob " + digest + " is not in the archive");
  }

  [[nodiscard]] const Spooled* find(const std::string& name) const {
    const auto found = files_.find(resolve(name));
    return found == files_.end() ? nullptr : &found->second;
  }

 private:
  static std::string blob_name(const std::string& digest) {
    return "blobs/sha256/" + std::string(oci::digest_hex(digest));
  }

  Result<> spool_file(const std::string& name, base::tar::Reader& reader) {
    auto file = TRY(content::PendingFile::create(content_.tmp_dir()));
    base::compress::FileSink sink(file.fd());
    crypto::Sha256 hash;
    std::vector<char> buffer(256U << 10U);
    uint64_t size = 0;
    while (const size_t n = TRY(reader.read(buffer))) {
      hash.update({buffer.data(), n});
      TRY(sink.write({buffer.data(), n}));
      size += n;
    }
    files_.erase(name);
    files_.emplace(name, Spooled{std::move(file), "sha256:" + hash.hex(), size});
    return {};
  }

  // docker save links equal layers: ID/layer.tar -> ../OTHER/layer.tar.
  Result<> add_symlink(const std::string& name, const std::string& target) {
    std::vector<std::string> parts;
    for (const std::string_view part : base::split(name, '/')) parts.emplace_back(part);
    if (!parts.empty()) parts.pop_back();
    for (const std::string_view part : base::split(target, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..")
        parts.emplace_back(part);
      else if (!parts.empty())
        parts.pop_back();
    }
    links_[name] = base::join(parts, "/");
    return {};
  }

  [[nodiscard]] std::string resolve(std::string name) const {
    for (int hop = 0; hop < 8; ++hop) {
      const auto link = links_.find(name);
      if (link == links_.end()) break;
      name = link->second;
    }
    return name;
  }

  const content::ContentStore& content_;
  uint64_t bytes_max_;
  std::map<std::string, Spooled> files_;
  std::map<std::string, std::string> links_;
};

// The caller's name, or the one that the archive gives the image.
std::string name_of(const oci::Descriptor& descriptor, const std::string& tag) {
  if (!tag.empty()) return tag;
  if (!descriptor.image_name.empty()) return descriptor.image_name;
  if (descriptor.ref_name.find_first_of(":/") != std::string::npos)
    return descriptor.ref_name;  // else it is only a tag
  return {};
}

Result<> give_name(Candidate& candidate, const std::string& name) {
  if (name.empty()) return {};
  const oci::Reference reference = TRY(oci::parse_reference(name));
  const std::string base_name = reference.registry + '/' + reference.repository;
  if (!reference.tag.empty()) candidate.record.tags.push_back(base_name + ':' + reference.tag);
  if (!reference.digest.empty() && reference.digest != candidate.record.manifest) {
    return fail(Code::kDataLoss, "the archive's image is " + candidate.record.manifest + ", not " + reference.digest);
  }
  candidate.record.digests.push_back(base_name + '@' + candidate.record.manifest);
  return {};
}

Result<Candidate> read_manifest(Archive& archive, const oci::Descriptor& descriptor, const oci::Platform& host,
                                size_t depth) {
  std::string bytes = TRY(archive.blob_document(descriptor));
  const oci::Document document = TRY_CTX(oci::parse_document(bytes, descriptor.media_type), descriptor.digest);
  if (document.is_index) {
    if (depth >= kIndexDepthMax) return fail(Code::kInvalidArgument, "indexes are nested too deeply");
    return read_manifest(archive, TRY(oci::select_platform(document.manifests, host)), host, depth + 1);
  }
  std::string config = TRY(archive.blob_document(document.config));
  Candidate out = TRY(make_candidate(std::move(bytes), descriptor.media_type, std::move(config), host));
  for (const oci::Descriptor& layer : document.layers) TRY(archive.check(layer));
  for (const oci::Descriptor& layer : document.layers) TRY(archive.keep(layer.digest));
  return out;
}

Result<std::vector<Candidate>> read_layout(Archive& archive, const std::string& tag, const oci::Platform& host) {
  const std::string text = TRY(archive.document("index.json"));
  const oci::Document index = TRY_CTX(oci::parse_document(text, oci::media::kOciIndex), "index.json");
  if (!index.is_index || index.manifests.empty()) return fail(Code::kInvalidArgument, "index.json lists no image");
  std::map<std::string, std::vector<oci::Descriptor>>
      by_name;  // entries of one name are one image for several platforms
  for (const oci::Descriptor& each : index.manifests) by_name[each.image_name + '\n' + each.ref_name].push_back(each);
  if (by_name.size() > kImagesMax) return fail(Code::kResourceExhausted, "index.json lists too many images");
  std::vector<Candidate> out;
  for (const auto& [key, entries] : by_name) {
    const oci::Descriptor chosen = entries.size() == 1 ? entries.front() : TRY(oci::select_platform(entries, host));
    Candidate candidate = TRY(read_manifest(archive, chosen, host, 0));
    TRY(give_name(candidate, name_of(chosen, by_name.size() == 1 ? tag : "")));
    out.push_back(std::move(candidate));
  }
  return out;
}

// One image of manifest.json: {"Config": "HEX.json", "RepoTags": […], "Layers": ["ID/layer.tar", …]}.
Result<Candidate> read_docker_image(Archive& archive, const json::Value& item, const std::string& tag,
                                    const oci::Platform& host) {
  std::string config = TRY(archive.document(std::string(json::string_at(item, {"Config"}))));
  json::Array layers;
  std::vector<std::string> digests;
  for (const json::Value& name : json::array_at(item, {"Layers"})) {
    const Spooled* file = name.is_string() ? archive.find(std::string(name.get_string())) : nullptr;
    if (file == nullptr) return fail(Code::kInvalidArgument, "manifest.json: a layer is not in the archive");
    digests.push_back(file->digest);
    layers.push_back(
        json::Object{{"mediaType", oci::media::kOciLayer}, {"digest", file->digest}, {"size", file->size}});
  }
  std::string manifest = json::serialize(json::Object{
      {"schemaVersion", 2},
      {"mediaType", oci::media::kOciManifest},
      {"config",
       json::Object{{"mediaType", oci::media::kOciConfig}, {"digest", digest_of(config)}, {"size", config.size()}}},
      {"layers", std::move(layers)}});
  Candidate out =
      TRY(make_candidate(std::move(manifest), std::string(oci::media::kOciManifest), std::move(config), host));
  for (const std::string& digest : digests) TRY(archive.keep(digest));
  const json::Array& tags = json::array_at(item, {"RepoTags"});
  if (!tag.empty()) {
    TRY(give_name(out, tag));
    return out;
  }
  for (const json::Value& name : tags) {
    if (name.is_string()) TRY(give_name(out, std::string(name.get_string())));
  }
  return out;
}

Result<std::vector<Candidate>> read_docker_save(Archive& archive, const std::string& tag, const oci::Platform& host) {
  const std::string text = TRY(archive.document("manifest.json"));
  const json::Value root =
      TRY_CTX(json::parse(text, {.depth_max = 16, .bytes_max = oci::kDocumentBytesMax}), "manifest.json");
  if (!root.is_array() || root.get_array().empty()) return fail(Code::kInvalidArgument, "manifest.json lists no image");
  if (root.get_array().size() > kImagesMax)
    return fail(Code::kResourceExhausted, "manifest.json lists too many images");
  std::vector<Candidate> out;
  for (const json::Value& item : root.get_array()) {
    out.push_back(TRY(read_docker_image(archive, item, root.get_array().size() == 1 ? tag : "", host)));
  }
  return out;
}

}  // namespace

Result<std::vector<Candidate>> read_archive(const std::string& archive_path, const std::string& tag,
                                            const content::ContentStore& content, const oci::Platform& host,
                                            uint64_t bytes_max) {
  if (!tag.empty()) TRY(oci::parse_reference(tag));
  Archive archive(content, bytes_max);
  TRY(archive.spool(archive_path));
  if (archive.has("index.json")) return read_layout(archive, tag, host);
  if (archive.has("manifest.json")) return read_docker_save(archive, tag, host);
  return fail(Code::kInvalidArgument,
              "it is neither an OCI layout (index.json) nor a docker-save archive (manifest.json)");
}

Result<std::vector<Image>> Store::import(const std::string& archive_path, const std::string& tag) {
  const std::string what = "import " + archive_path;
  const auto work = [&]() -> Result<std::vector<Image>> {
    const std::shared_lock activity(activity_);
    std::vector<Image> out;
    for (Candidate& candidate :
         TRY_CTX(read_archive(archive_path, tag, content_, host_platform(), options_.image_bytes_max), what)) {
      out.push_back(TRY_CTX(install(std::move(candidate)), what));
    }
    return out;
  };
  auto result = work();
  if (!result || garbage_) collect();
  return result;
}

}  // namespace appliance::runtime::image
