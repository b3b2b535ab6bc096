// Layers become EROFS images that the kernel mounts and that erofs-utils (a stranger) finds in order.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/fs.h"
#include "base/tar/tar.h"
#include "runtime/snapshot/layer.h"
#include "runtime/snapshot/mount.h"

namespace appliance::runtime::snapshot {
namespace {

namespace fs = std::filesystem;
using base::tar::Entry;
using base::tar::Type;

struct Item {
  Entry entry;
  std::string data;
};

Item file(std::string path, std::string data, uint32_t mode = 0644) {
  Item out;
  out.entry.path = std::move(path);
  out.entry.mode = mode;
  out.entry.size = data.size();
  out.entry.mtime_s = 1'700'000'000;
  out.data = std::move(data);
  return out;
}
Item other(Type type, std::string path, std::string link = {}) {
  Item out;
  out.entry.type = type;
  out.entry.path = std::move(path);
  out.entry.link = std::move(link);
  out.entry.mode = 0755;
  return out;
}

std::string archive(const std::vector<Item>& items) {
  base::compress::StringSink sink;
  base::tar::Writer writer(sink);
  for (const Item& item : items) {
    REQUIRE(writer.header(item.entry));
    REQUIRE(writer.data(item.data));
  }
  REQUIRE(writer.finish());
  return sink.text;
}

class Scratch {
 public:
  Scratch() {
    std::string text = "/tmp/snapshot-test-XXXXXX";
    REQUIRE(::mkdtemp(text.data()) != nullptr);
    dir = text;
    fs::create_directory(dir / "m");
  }
  ~Scratch() {
    (void)unmount((dir / "m").string());
    std::error_code ignored;
    fs::remove_all(dir, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  Result<LayerStats> build(const std::string& tar) {
    const base::Fd fd(::open((dir / "image").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    base::compress::MemorySource source(tar);
    return write_layer(source, fd.get());
  }
  void mount(MountWay way = MountWay::kAuto) {
    const auto done = mount_image((dir / "image").string(), (dir / "m").string(), way);
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
  }
  void build_and_mount(const std::vector<Item>& items) {
    const auto built = build(archive(items));
    INFO((built ? "" : built.error().message));
    REQUIRE(built);
    fsck();
    mount();
  }
  void fsck() const {
    if (::access("/usr/bin/fsck.erofs", X_OK) != 0) {
      WARN("SKIPPED: fsck.erofs is not installed (erofs-utils)");
      return;
    }
    const std::string command =
        "fsck.erofs --extract " + (dir / "image").string() + " >" + (dir / "log").string() + " 2>&1";
    const int status = std::system(command.c_str());
    INFO(base::read_file((dir / "log").string()).value());
    CHECK(status == 0);
  }
  [[nodiscard]] std::string at(const std::string& path) const { return (dir / "m" / path).string(); }
  [[nodiscard]] std::string read(const std::string& path) const { return base::read_file(at(path)).value(); }

  fs::path dir;
};

struct stat stat_of(const std::string& path) {
  struct stat out{};
  INFO(path);
  REQUIRE(::lstat(path.c_str(), &out) == 0);
  return out;
}

std::string xattr_of(const std::string& path, const char* name) {
  char value[256];
  const ssize_t n = ::lgetxattr(path.c_str(), name, value, sizeof value);
  return n < 0 ? "-" : std::string(value, static_cast<size_t>(n));
}

}  // namespace

TEST_CASE("snapshot: files, links, devices and their attributes come back from the mounted image") {
  Scratch scratch;
  std::string big(3'000'001, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 2654435761U >> 13U);
  Item owned = file("etc/owned", "x", 04750);
  owned.entry.uid = 100'000;
  owned.entry.gid = 70'001;
  owned.entry.mtime_s = 5'000'000'000;
  owned.entry.mtime_ns = 123'456'789;
  owned.entry.xattrs = {{"user.note", "hello"},
                        {"security.capability", std::string("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)},
                        {"trusted.overlay.redirect", "/evil"},
                        {"security.selinux", "label"},
                        {"user.overlay.opaque", "y"}};
  Item null = other(Type::kCharDevice, "dev/null");
  null.entry.device_major = 1;
  null.entry.device_minor = 3;
  Item disk = other(Type::kBlockDevice, "dev/disk");
  disk.entry.device_major = 259;
  disk.entry.device_minor = 70'000;
  scratch.build_and_mount(
      {other(Type::kDirectory, "./"), other(Type::kDirectory, "etc"), owned, file("/bin/big", big, 0755),
       other(Type::kHardlink, "bin/again", "bin/big"), other(Type::kSymlink, "link", "bin/big"),
       other(Type::kSymlink, "long", std::string(4090, 'l')), other(Type::kFifo, "fifo"), null, disk, file("empty", ""),
       file("\xff\xfe name", "raw"), file("-before-dot", "1"), file("block", std::string(4096, 'b'))});
  CHECK(scratch.read("bin/big") == big);
  CHECK(scratch.read("bin/again") == big);
  CHECK(stat_of(scratch.at("bin/big")).st_ino == stat_of(scratch.at("bin/again")).st_ino);
  CHECK(stat_of(scratch.at("bin/big")).st_nlink == 2);
  CHECK(fs::read_symlink(scratch.at("link")) == "bin/big");
  CHECK(fs::read_symlink(scratch.at("long")).string().size() == 4090);
  CHECK(scratch.read("\xff\xfe name") == "raw");
  CHECK(scratch.read("block") == std::string(4096, 'b'));
  CHECK(scratch.read("empty").empty());
  const auto stat = stat_of(scratch.at("etc/owned"));
  CHECK(stat.st_uid == 100'000);
  CHECK(stat.st_gid == 70'001);
  CHECK((stat.st_mode & 07777) == 04750);
  CHECK(stat.st_mtim.tv_sec == 5'000'000'000);
  CHECK(stat.st_mtim.tv_nsec == 123'456'789);
  CHECK(xattr_of(scratch.at("etc/owned"), "user.note") == "hello");
  CHECK(xattr_of(scratch.at("etc/owned"), "security.capability").size() == 20);
  CHECK(xattr_of(scratch.at("etc/owned"), "trusted.overlay.redirect") == "-");
  CHECK(xattr_of(scratch.at("etc/owned"), "user.overlay.opaque") == "-");
  CHECK(stat_of(scratch.at("dev/null")).st_rdev == makedev(1, 3));
  CHECK(stat_of(scratch.at("dev/disk")).st_rdev == makedev(259, 70'000));
  CHECK(S_ISFIFO(stat_of(scratch.at("fifo")).st_mode));
  CHECK(stat_of(scratch.at("")).st_nlink == 5);  // etc, bin, dev
}

TEST_CASE("snapshot: a folder of many names is complete and each name is found") {
  Scratch scratch;
  std::vector<Item> items;
  for (int i = 0; i < 3000; ++i)
    items.push_back(file("d/" + std::string(static_cast<size_t>(i % 200), 'n') + std::to_string(i), std::to_string(i)));
  scratch.build_and_mount(items);
  size_t count = 0;
  for (const auto& found : fs::directory_iterator(scratch.at("d"))) {
    (void)found;
    ++count;
  }
  CHECK(count == items.size());
  for (const Item& item : items) REQUIRE(scratch.read(item.entry.path) == item.data);
}

TEST_CASE("snapshot: whiteouts hide lower layers and never this layer's own files") {
  Scratch scratch;
  scratch.build_and_mount({file(".wh.gone", ""), file("a/.wh..wh..opq", ""), file("a/kept", "k"), file("own", "o"),
                           file(".wh.own", "stray"), file(".wh.dir", ""), other(Type::kDirectory, "dir"),
                           file("dir/x", "x"), file(".wh..wh.plnk", "")});
  const auto gone = stat_of(scratch.at("gone"));
  CHECK(S_ISCHR(gone.st_mode));
  CHECK(gone.st_rdev == 0);
  CHECK(xattr_of(scratch.at("a"), "trusted.overlay.opaque") == "y");
  CHECK(scratch.read("a/kept") == "k");
  CHECK(scratch.read("own") == "o");
  CHECK(scratch.read("dir/x") == "x");
  CHECK(xattr_of(scratch.at("dir"), "trusted.overlay.opaque") == "y");
  CHECK_FALSE(fs::exists(fs::symlink_status(scratch.at(".wh..wh.plnk"))));
}

TEST_CASE("snapshot: duplicates: the last entry wins, a folder keeps its children") {
  Scratch scratch;
  scratch.build_and_mount({file("f", "one"), file("f", "two"), other(Type::kDirectory, "d"), file("d/x", "x"),
                           other(Type::kDirectory, "d"), other(Type::kDirectory, "e"), file("e/y", "y"),
                           file("e", "now a file")});
  CHECK(scratch.read("f") == "two");
  CHECK(scratch.read("d/x") == "x");
  CHECK(scratch.read("e") == "now a file");
}

TEST_CASE("snapshot: symlinks on the way are followed inside the layer only") {
  Scratch scratch;
  scratch.build_and_mount({other(Type::kDirectory, "usr/bin"), other(Type::kSymlink, "bin", "usr/bin"),
                           file("bin/tool", "t"), other(Type::kSymlink, "out", "/../../../tmp"),
                           file("out/snapshot-escape", "e"), other(Type::kSymlink, "up", "../../.."),
                           file("up/etc-escape", "e")});
  CHECK(scratch.read("usr/bin/tool") == "t");
  CHECK(scratch.read("tmp/snapshot-escape") == "e");
  CHECK(scratch.read("etc-escape") == "e");
  CHECK_FALSE(fs::exists("/tmp/snapshot-escape"));
  CHECK_FALSE(fs::exists("/etc-escape"));
}

TEST_CASE("snapshot: hostile layers are refused and name the path (8.9)") {
  Scratch scratch;
  const std::vector<std::vector<Item>> bad = {
      {file("../evil", "x")},
      {file("a/../../evil", "x")},
      {file("ok", "x"), other(Type::kHardlink, "evil", "../../etc/passwd")},
      {other(Type::kHardlink, "evil", "/etc/passwd")},
      {other(Type::kSymlink, "a", "b"), other(Type::kSymlink, "b", "a"), file("a/evil", "x")},
      {file("f", "x"), file("f/evil", "x")},
      {file(std::string(300, 'e'), "x")},
      {file(std::string("evil\0x", 6), "x")},
      {other(Type::kSymlink, "evil", "")},
      {file(".wh.", "")},
  };
  for (const auto& items : bad) {
    const auto built = scratch.build(archive(items));
    INFO(items.back().entry.path);
    REQUIRE_FALSE(built);
    CHECK(built.error().code == Code::kInvalidArgument);
    CHECK(built.error().message.find('"') != std::string::npos);
  }
}

TEST_CASE("snapshot: the same layer gives the same image, also through a loop device") {
  Scratch scratch;
  const std::string tar = archive({file("a", "1"), file("b/c", "2")});
  REQUIRE(scratch.build(tar));
  const std::string first = base::read_file((scratch.dir / "image").string()).value();
  REQUIRE(scratch.build(tar));
  CHECK(base::read_file((scratch.dir / "image").string()).value() == first);
  scratch.mount(MountWay::kLoop);
  CHECK(scratch.read("b/c") == "2");
  CHECK(mounts_below(scratch.dir.string()).value() == std::vector<std::string>{(scratch.dir / "m").string()});
  REQUIRE(unmount((scratch.dir / "m").string()));
  CHECK(mounts_below(scratch.dir.string()).value().empty());
}

}  // namespace appliance::runtime::snapshot
