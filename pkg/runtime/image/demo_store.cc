// The demo image on its way into the store, and back out of it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/fs.h"
#include "runtime/image/demo.h"
#include "runtime/image/store.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::image {

namespace {

constexpr uint64_t kBinaryBytesMax = 256U << 20U;  // the program has 16 MB; with debug information ten times that

class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path) {
    const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno("open " + path);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return fail_errno("stat " + path);
    const auto size = static_cast<uint64_t>(info.st_size);
    if (!S_ISREG(info.st_mode) || size == 0 || size > kBinaryBytesMax) {
      return fail(Code::kInvalidArgument, path + ": is not a program of at most 256 MiB");
    }
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (data == MAP_FAILED) return fail_errno("map " + path);
    return MappedFile(data, size);
  }
  MappedFile(MappedFile&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }
  [[nodiscard]] std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  MappedFile(void* data, size_t size) : data_(data), size_(size) {}
  void* data_;
  size_t size_;
};

Result<> write_unsynced(const std::string& tmp_dir, const std::string& path, std::string_view bytes) {
  auto file = TRY(content::PendingFile::create(tmp_dir));
  base::compress::FileSink sink(file.fd());
  TRY(sink.write(bytes));
  return file.keep(path, false);
}

Result<> sync_file(const std::string& path) {
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path);
  if (::fsync(fd.get()) != 0) return fail_errno("sync " + path);
  const std::string dir = path.substr(0, path.rfind('/'));
  const base::Fd folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return fail_errno("sync " + dir);
  return {};
}

}  // namespace

// Nothing here waits for the disk: sync_later() does, and until then the record says which boot's memory holds the
// files.
Result<> Store::write_demo(std::string_view binary, const DemoDocuments& documents) const {
  const std::string& tmp_dir = content_.tmp_dir();
  auto image = TRY(content::PendingFile::create(tmp_dir));
  TRY(write_demo_image(binary, image.fd()));
  TRY(image.keep(layers_.path(documents.diff_id), false));
  TRY(write_unsynced(tmp_dir, content_.path(documents.record.id), documents.config));
  return write_unsynced(tmp_dir, content_.path(documents.record.manifest), documents.manifest);
}

Result<Image> Store::make_demo(const std::string& binary_path, const std::string& reference) {
  auto result = make_demo_alone(binary_path, reference);
  if (garbage_) collect();  // the demo of an older binary
  return result;
}

Result<Image> Store::make_demo_alone(const std::string& binary_path, const std::string& reference) {
  const std::shared_lock activity(activity_);
  const oci::Reference parsed = TRY(oci::parse_reference(reference));
  if (parsed.tag.empty()) return fail(Code::kInvalidArgument, "image reference \"" + reference + "\": needs a tag");
  const std::string name = parsed.registry + '/' + parsed.repository;
  const MappedFile binary = TRY(MappedFile::open(binary_path));
  DemoDocuments documents = TRY(describe_demo(binary.bytes(), host_platform()));
  const auto known = find_known(documents.record.id);
  if (known && contains(known->record.tags, name + ':' + parsed.tag)) return known->image;
  Candidate candidate{documents.record, documents.manifest, documents.config};
  candidate.record.tags = {name + ':' + parsed.tag};
  candidate.record.digests = {name + '@' + documents.record.manifest};
  if (!known) {
    TRY_CTX(write_demo(binary.bytes(), documents), "make the demo image");
    candidate.record.unsynced_boot = boot_id();
  }
  const std::string id = candidate.record.id;
  Image image = TRY(record_image(std::move(candidate)));
  if (!known) sync_later(id);
  return image;
}

// The documents and layers of `id` to the disk, behind the caller's back; then the record says so.
void Store::sync_later(const std::string& id) {
  const std::scoped_lock lock(sync_mutex_);
  if (sync_thread_.joinable()) sync_thread_.join();
  sync_thread_ = std::thread([this, id] {
    const auto known = find_known(id);
    if (!known) return;  // removed meanwhile
    const auto work = [&]() -> Result<> {
      for (const LayerRecord& layer : known->record.layers) TRY(sync_file(layers_.path(layer.diff_id)));
      TRY(sync_file(content_.path(id)));
      TRY(sync_file(content_.path(known->record.manifest)));
      const std::scoped_lock images(mutex_);
      const auto found = images_.find(id);
      if (found == images_.end()) return {};
      found->second.record.unsynced_boot.clear();
      return save_locked();
    };
    if (const auto done = work(); !done) {
      options_.log.warn("the demo image is not on disk yet; it is made again after a reboot",
                        {{"error", done.error()}});
    }
  });
}

// The tar of the demo's layer, from the binary in its mounted image.
Result<> Store::rewrite_demo(const std::string& diff_id, base::compress::Sink& sink) {
  const std::string user = "export-" + std::to_string(::gettid());
  const auto points = TRY(mounts_.acquire({diff_id}, user));
  const auto work = [&]() -> Result<> {
    const MappedFile binary = TRY(MappedFile::open(points.front() + '/' + std::string(kDemoBinary)));
    return write_demo_tar(binary.bytes(), sink);
  };
  auto result = work();
  mounts_.release(user);
  return result;
}

}  // namespace appliance::runtime::image
