// The image store over real files and mounts: demo, import, export, removal, restart.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "base/compress/compress.h"
#include "base/crypto/sha256.h"
#include "base/fs.h"
#include "base/json/json.h"
#include "base/tar/tar.h"
#include "runtime/image/image_store.h"
#include "runtime/image/test_images.h"
#include "runtime/snapshot/mount.h"

namespace appliance::runtime::image {
namespace {

namespace fs = std::filesystem;
using test::Scratch;

std::string program(size_t size, char seed) {
  std::string out(size, seed);
  for (size_t i = 0; i < size; ++i)
    out[i] = static_cast<char>((i * 2654435761U + static_cast<unsigned char>(seed)) >> 11U);
  return out;
}

size_t files_in(const fs::path& dir) {
  size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) count += entry.is_regular_file() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("image: references are normalized and bad ones name what is wrong") {
  CHECK(parse_reference("nginx").value().string() == "docker.io/library/nginx:latest");
  CHECK(parse_reference("appliance/demo:1").value().string() == "docker.io/appliance/demo:1");
  CHECK(parse_reference("127.0.0.1:5000/a/b").value().string() == "127.0.0.1:5000/a/b:latest");
  CHECK(parse_reference("[::1]:5000/a:x").value().registry == "[::1]:5000");
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(parse_reference("quay.io/x/y@" + digest).value().string() == "quay.io/x/y@" + digest);
  for (const std::string bad : {"", "a:", "a@sha256:12", "a//b", "-a/b:c", "host:99999/a", "a b", "a/../b", "UPPER"}) {
    INFO(bad);
    const auto got = parse_reference(bad);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Code::kInvalidArgument);
  }
}

TEST_CASE("image: the demo is made from a binary, runs from its mount, and is the same every time") {
  Scratch scratch;
  const std::string bytes = program(15'000'000, 'd');
  scratch.write("binary", bytes);
  auto store = scratch.open();
  const std::clock_t start = std::clock();  // CPU: the wall clock belongs to whoever else runs on this machine
  const Image made = store->make_demo(scratch.path("binary"), "appliance/demo:latest").value();
  const double cpu_ms = 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  CAPTURE(cpu_ms);
  CHECK(cpu_ms < 150);  // on the way of the first start; 20 ms in a release build
  CHECK(made.repo_tags == std::vector<std::string>{"docker.io/appliance/demo:latest"});
  CHECK(made.config.entrypoint == std::vector<std::string>{"/appliance", "demo-server"});
  CHECK(made.config.exposed_ports == std::vector<std::string>{"8080/tcp"});
  const auto again = store->make_demo(scratch.path("binary"), "appliance/demo:latest").value();
  CHECK(again.id == made.id);
  const auto layers = store->acquire_layers(made.id, "pod-1").value();
  REQUIRE(layers.size() == 1);
  CHECK(base::read_file(layers[0] + "/appliance", 64U << 20U).value() == bytes);
  struct stat info{};
  REQUIRE(::stat((layers[0] + "/appliance").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0755);
  REQUIRE(::stat((layers[0] + "/tmp").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 01777);

  // A newer binary takes the name; the old layer lives as long as its user.
  scratch.write("binary", program(100'000, 'e'));
  CHECK(store->make_demo(scratch.path("binary"), "appliance/demo:latest").value().id != made.id);
  CHECK(store->list().value().size() == 1);
  CHECK(fs::exists(layers[0] + "/appliance"));
  store->release_layers("pod-1");
  CHECK_FALSE(fs::exists(layers[0]));
  CHECK(files_in(scratch.path("data/layers")) == 1);
}

TEST_CASE("image: export and import give the same image, also through gzip and as a stranger sees it") {
  Scratch scratch;
  scratch.write("binary", program(300'000, 'x'));
  auto store = scratch.open();
  const Image made = store->make_demo(scratch.path("binary"), "appliance/demo:v1").value();
  REQUIRE(store->export_archive("appliance/demo:v1", scratch.path("out.tar")));
  if (::access("/usr/bin/skopeo", X_OK) == 0) {
    const std::string seen = test::run("skopeo inspect --config oci-archive:" + scratch.path("out.tar"));
    CHECK(seen.find("demo-server") != std::string::npos);
  } else {
    WARN("SKIPPED: skopeo is not installed");
  }
  const std::string archive = base::read_file(scratch.path("out.tar")).value();
  scratch.write("out.tar.gz", base::compress::gzip(archive));
  auto other = scratch.open("other");
  const auto imported = other->import(scratch.path("out.tar.gz"), "").value();
  REQUIRE(imported.size() == 1);
  CHECK(imported[0].id == made.id);
  CHECK(imported[0].repo_tags == made.repo_tags);
  CHECK(imported[0].layer_digests == made.layer_digests);
  REQUIRE(other->export_archive("appliance/demo:v1", scratch.path("again.tar")));
  CHECK(base::read_file(scratch.path("again.tar")).value() == archive);
}

TEST_CASE("image: layers stack with whiteouts, and removal leaves nothing") {
  Scratch scratch;
  auto store = scratch.open();
  const std::string lower = test::tar_of({{"etc/", ""}, {"etc/one", "1"}, {"etc/two", "2"}});
  const std::string upper = test::tar_of({{"etc/", ""}, {"etc/.wh.one", ""}, {"etc/two", "zwei"}});
  scratch.write("image.tar", test::layout({lower, base::compress::gzip(upper)}, {lower, upper}));
  const auto images = store->import(scratch.path("image.tar"), "test/stack:1").value();
  REQUIRE(images.size() == 1);
  CHECK(store->find("test/stack:1").value().id == images[0].id);
  CHECK(store->find(images[0].id.substr(7, 12)).value().id == images[0].id);
  CHECK(store->find(images[0].repo_digests.at(0)).value().id == images[0].id);
  const auto dirs = store->acquire_layers("test/stack:1", "c1").value();
  REQUIRE(dirs.size() == 2);
  CHECK(base::read_file(dirs[0] + "/etc/two").value() == "zwei");
  CHECK(base::read_file(dirs[1] + "/etc/two").value() == "2");
  CHECK(test::overlay_listing(scratch, dirs, "etc") == "two");

  CHECK(store->remove("nginx").error().code == Code::kNotFound);
  REQUIRE(store->remove("test/stack:1"));
  CHECK(store->find("test/stack:1").error().code == Code::kNotFound);
  CHECK(base::read_file(dirs[0] + "/etc/two").value() == "zwei");  // still held by c1
  store->release_layers("c1");
  CHECK(files_in(scratch.path("data/layers")) == 0);
  CHECK(files_in(scratch.path("data/blobs")) == 0);
  CHECK(snapshot::mounts_below(scratch.path("run")).value().empty());
}

TEST_CASE("image: a restarted store knows images, users and mounts") {
  Scratch scratch;
  const std::string layer = test::tar_of({{"file", "x"}});
  scratch.write("image.tar", test::layout({layer}, {layer}));
  std::string id;
  std::vector<std::string> dirs;
  {
    auto store = scratch.open();
    id = store->import(scratch.path("image.tar"), "test/a:1").value().at(0).id;
    dirs = store->acquire_layers(id, "alive").value();
    REQUIRE(store->acquire_layers(id, "dead"));
  }
  auto store = scratch.open();
  CHECK(store->list().value().size() == 1);
  store->reconcile({"alive"});
  CHECK(base::read_file(dirs.at(0) + "/file").value() == "x");
  CHECK(store->acquire_layers(id, "alive").value() == dirs);
  store->reconcile({});
  CHECK(snapshot::mounts_below(scratch.path("run")).value().empty());
}

TEST_CASE("image: a damaged index is refused with the remedy, a newer one as well") {
  Scratch scratch;
  (void)scratch.open();
  scratch.write("data/index.json", "{half");
  auto opened = ImageStore::open(scratch.options());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kDataLoss);
  CHECK_FALSE(opened.error().hint.empty());
  scratch.write("data/index.json", R"({"version": 99, "images": []})");
  opened = ImageStore::open(scratch.options());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::kFailedPrecondition);
}

TEST_CASE("image: a full disk is reported, leaves nothing, and is no obstacle once there is room (8.10)") {
  Scratch scratch;
  fs::create_directory(scratch.path("data"));
  REQUIRE(::mount("tmpfs", scratch.path("data").c_str(), "tmpfs", 0, "size=1m") == 0);
  auto store = scratch.open();
  const std::string big = test::tar_of({{"file", program(600'000, 'b')}});  // fits once, not as blob and layer
  scratch.write("big.tar", test::layout({big}, {big}));
  const auto got = store->import(scratch.path("big.tar"), "test/big:1");
  REQUIRE_FALSE(got);
  CHECK(got.error().errno_value == ENOSPC);
  CHECK(store->list().value().empty());
  CHECK(files_in(scratch.path("data")) == 0);
  REQUIRE(::mount("tmpfs", scratch.path("data").c_str(), "tmpfs", MS_REMOUNT, "size=8m") == 0);
  CHECK(store->import(scratch.path("big.tar"), "test/big:1"));
}

TEST_CASE("image: archives that lie are refused and leave nothing behind (8.5, 8.6, 8.8, 8.9)") {
  Scratch scratch;
  auto store = scratch.open();
  const std::string layer = test::tar_of({{"file", "x"}});
  const std::string evil = test::tar_of({{"../evil", "x"}});
  struct Case {
    const char* what;
    std::string archive;
    Code code;
    const char* says;
  };
  const Case cases[] = {
      {"digest of a layer", test::layout({layer}, {layer}, {.damage_layer = true}), Code::kDataLoss, "digest"},
      {"size of a layer", test::layout({layer}, {layer}, {.layer_size_error = 1}), Code::kDataLoss, "size"},
      {"diff_id", test::layout({layer}, {evil}), Code::kDataLoss, "configuration"},
      {"architecture", test::layout({layer}, {layer}, {.architecture = "s390x"}), Code::kFailedPrecondition,
       "linux/s390x"},
      {"paths", test::layout({evil}, {evil}), Code::kInvalidArgument, "../evil"},
      {"count of layers", test::layout({layer}, {layer, layer}), Code::kInvalidArgument, "layers"},
      {"no archive", "hello", Code::kDataLoss, "cut short"},
      {"another archive", test::tar_of({{"x", "y"}}), Code::kInvalidArgument, "index.json"},
  };
  for (const Case& each : cases) {
    INFO(each.what);
    scratch.write("bad.tar", each.archive);
    const auto got = store->import(scratch.path("bad.tar"), "test/bad:1");
    REQUIRE_FALSE(got);
    CHECK(got.error().code == each.code);
    INFO(got.error().message);
    CHECK(got.error().message.find(each.says) != std::string::npos);
    CHECK(store->list().value().empty());
    CHECK(files_in(scratch.path("data/blobs")) == 0);
    CHECK(files_in(scratch.path("data/layers")) == 0);
    CHECK(files_in(scratch.path("data/tmp")) == 0);
  }
}

}  // namespace appliance::runtime::image
