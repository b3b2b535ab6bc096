// Writes an image as an OCI image layout in one tar archive: oci-layout, index.json, blobs/sha256/*. The blobs are the
// ones that were pulled or imported, so digests stay what they were.
#include <sys/stat.h>

#include <set>
#include <vector>

#include "base/json/json.h"
#include "base/tar/tar.h"
#include "runtime/image/demo.h"
#include "runtime/image/store.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::image {

namespace {

base::tar::Entry file_entry(std::string path, uint64_t size) {
  base::tar::Entry out;
  out.path = std::move(path);
  out.size = size;
  return out;
}

class EntrySink final : public base::compress::Sink {  // one entry's data into the outer archive
 public:
  EntrySink(base::tar::Writer& writer, uint64_t size) : writer_(writer), left_(size) {}
  Result<> write(std::string_view bytes) override {
    if (bytes.size() > left_) return fail(Code::kDataLoss, "a blob is longer than recorded");
    left_ -= bytes.size();
    hash_.update(bytes);
    return writer_.data(bytes);
  }
  Result<> finish(const std::string& digest) {
    if (left_ == 0 && "sha256:" + hash_.hex() == digest) return {};
    return fail(Code::kDataLoss, "blob " + digest + " is damaged: remove the image and pull it again");
  }

 private:
  base::tar::Writer& writer_;
  uint64_t left_;
  crypto::Sha256 hash_;
};

Result<> copy_file(const std::string& path, base::compress::Sink& sink) {
  auto source = TRY(base::compress::FileSource::open(path));
  std::vector<char> buffer(256U << 10U);
  while (const size_t n = TRY(source.read(buffer))) TRY(sink.write({buffer.data(), n}));
  return {};
}

Result<> add_document(base::tar::Writer& writer, const std::string& path, std::string_view bytes) {
  TRY(writer.header(file_entry(path, bytes.size())));
  return writer.data(bytes);
}

std::string blob_path(const std::string& digest) { return "blobs/sha256/" + std::string(oci::digest_hex(digest)); }

std::string index_document(const Record& record, size_t manifest_size, const std::string& name) {
  json::Object entry{{"mediaType", record.manifest_type}, {"digest", record.manifest}, {"size", manifest_size}};
  if (!name.empty()) {
    const auto reference = oci::parse_reference(name);
    json::Object notes{{"io.containerd.image.name", name}};
    if (reference && !reference->tag.empty()) notes["org.opencontainers.image.ref.name"] = reference->tag;
    entry["annotations"] = std::move(notes);
  }
  return json::serialize(json::Object{{"schemaVersion", 2},
                                      {"mediaType", oci::media::kOciIndex},
                                      {"manifests", json::Array{json::Value(std::move(entry))}}});
}

}  // namespace

Result<> write_archive(const std::string& archive_path, const Record& record, std::string_view manifest,
                       std::string_view config, const std::vector<ExportLayer>& layers, const std::string& tag) {
  const size_t slash = archive_path.rfind('/');
  const std::string dir = slash == std::string::npos ? "." : slash == 0 ? "/" : archive_path.substr(0, slash);
  auto file = TRY(content::PendingFile::create(dir));
  base::compress::FileSink sink(file.fd());
  base::tar::Writer writer(sink);
  TRY(add_document(writer, "oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
  TRY(add_document(writer, "index.json", index_document(record, manifest.size(), tag)));
  TRY(add_document(writer, blob_path(record.manifest), manifest));
  TRY(add_document(writer, blob_path(record.id), config));
  std::set<std::string> written;
  for (const ExportLayer& layer : layers) {
    if (!written.insert(layer.digest).second) continue;
    TRY(writer.header(file_entry(blob_path(layer.digest), layer.size)));
    EntrySink entry(writer, layer.size);
    TRY(layer.path.empty() ? layer.write(entry) : copy_file(layer.path, entry));
    TRY(entry.finish(layer.digest));
  }
  TRY(writer.finish());
  if (::fchmod(file.fd(), 0644) != 0) return fail_errno("set the mode of " + archive_path);
  return file.keep(slash == std::string::npos ? "./" + archive_path : archive_path);
}

Result<> Store::export_archive(const std::string& reference, const std::string& archive_path) {
  const std::shared_lock activity(activity_);
  const auto work = [&]() -> Result<> {
    const Known known = TRY(find_known(reference));
    const Record& record = known.record;
    const std::string manifest = TRY(content_.read(record.manifest, oci::kDocumentBytesMax));
    const std::string config = TRY(content_.read(record.id, oci::kDocumentBytesMax));
    std::vector<ExportLayer> layers;
    for (const LayerRecord& layer : record.layers) {
      layers.push_back({.digest = layer.digest,
                        .size = layer.size,
                        .path = record.demo ? "" : content_.path(layer.digest),
                        .write = {}});
      if (record.demo)
        layers.back().write = [&](base::compress::Sink& sink) { return rewrite_demo(layer.diff_id, sink); };
    }
    const auto parsed = oci::parse_reference(reference);
    std::string name = record.tags.empty() ? "" : record.tags.front();
    if (parsed && !parsed->tag.empty()) {
      const std::string asked = parsed->registry + '/' + parsed->repository + ':' + parsed->tag;
      for (const std::string& tag : record.tags) name = tag == asked ? tag : name;
    }
    return write_archive(archive_path, record, manifest, config, layers, name);
  };
  const auto done = work();
  return done ? done : fail(done.error().wrap("export " + reference));
}

}  // namespace appliance::runtime::image
