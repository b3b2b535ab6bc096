// A full disk for real (issue 4.4): a small ext4 on a loop device, or a tmpfs where there is no loop device.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/server/test_server.h"

using namespace appliance;
using namespace appliance::store;
using namespace appliance::store::server;
using namespace appliance::store::server::testing;
using namespace appliance::store::kv_conformance;

namespace {

bool run(std::vector<const char*> args) {
  args.push_back(nullptr);
  pid_t pid = 0;
  if (::posix_spawnp(&pid, args[0], nullptr, nullptr, const_cast<char**>(args.data()), environ) != 0) return false;
  int status = 0;
  return ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Mounted while it lives.
struct SmallDisk {
  TempDir dir;
  std::string mount = dir.path + "/mnt";
  bool real = false;

  explicit SmallDisk(uint64_t bytes) {
    REQUIRE(base::make_dirs(mount));
    const std::string image = dir.path + "/image";
    {
      const base::Fd fd(::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      REQUIRE(fd);
      REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(bytes)) == 0);
    }
    real = run({"mkfs.ext4", "-q", "-F", "-m", "0", image.c_str()}) &&
           run({"mount", "-o", "loop", image.c_str(), mount.c_str()});
    if (real) return;
    WARN("no loop device: the small disk is a tmpfs of " << bytes << " bytes");
    REQUIRE(::mount("none", mount.c_str(), "tmpfs", 0, ("size=" + std::to_string(bytes)).c_str()) == 0);
  }
  ~SmallDisk() { (void)::umount2(mount.c_str(), MNT_DETACH); }  // the loop device goes with the mount
};

}  // namespace

TEST_CASE("store: on a small ext4 that is full, writes are refused, reads go on, and space brings writes back") {
  if (::geteuid() != 0) {
    WARN("SKIPPED: mounting needs root");
    return;
  }
  const SmallDisk disk(64U << 20U);
  const auto fs = base::make_real_fs();
  const StoreOptions options{
      .dir = disk.mount + "/store", .fs = *fs, .clock = kClock, .flush_linger = std::chrono::milliseconds(1)};
  auto store = EmbeddedStore::open(options).value();
  must(*store, put("k", "first"));
  // Something else fills the disk, up to the last block.
  const std::string ballast = disk.mount + "/ballast";
  {
    const base::Fd fd(::open(ballast.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(fd);
    REQUIRE(eventually([&] { return store->status().log_bytes > options.segment_bytes; }));  // the spare is there
    const std::string block(1U << 20U, 'b');
    size_t size = block.size();
    while (size >= 512) {
      if (::write(fd.get(), block.data(), size) <= 0) size /= 2;
    }
  }
  std::optional<Error> refused;
  int written = 0;
  for (; !refused && written < 5000; ++written) {
    const auto r = txn_wait(*store, put("big/" + std::to_string(written), std::string(20000, 'x')));
    if (!r) {
      refused = r.error();
      break;
    }
  }
  REQUIRE(refused);
  INFO(refused->message);
  CHECK(refused->code == Code::kResourceExhausted);
  CHECK(refused->message.find("no space left on device") != std::string::npos);
  CHECK(refused->message.find(disk.mount) != std::string::npos);
  CHECK(store->status().problem.find("writes are refused") != std::string::npos);
  CHECK(*must_range(*store, {.key = "k"}).kvs.at(0).value == "first");
  CHECK(must_range(*store, {.key = "big/", .range_end = prefix_end("big/"), .count_only = true}).count == written);
  // A restart on the full disk: still there, still readable.
  store.reset();
  auto again = EmbeddedStore::open(options);
  INFO((again ? std::string() : again.error().message));
  REQUIRE(again);
  store = std::move(*again);
  CHECK(must_range(*store, {.key = "big/", .range_end = prefix_end("big/"), .count_only = true}).count == written);

  REQUIRE(::unlink(ballast.c_str()) == 0);
  REQUIRE(eventually([&] { return txn_wait(*store, put("k", "second")).has_value(); }));
  REQUIRE(eventually([&] { return store->status().problem.empty(); }));
  CHECK(*must_range(*store, {.key = "k"}).kvs.at(0).value == "second");
  store.reset();
}
