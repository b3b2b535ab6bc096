#include "runtime/content/content.h"

#include <stdlib.h>

#include <catch2/catch.hpp>

#include "base/fs.h"

namespace appliance::runtime::content {
namespace {

struct Scratch {
  Scratch() { REQUIRE(::mkdtemp(dir.data()) != nullptr); }
  ~Scratch() { (void)base::remove_tree(dir); }
  std::string dir = "/tmp/content-test-XXXXXX";
};

std::string digest_of(std::string_view bytes) { return "sha256:" + crypto::sha256_hex(bytes); }

}  // namespace

TEST_CASE("content: a blob is there after commit, and read back with its digest checked") {
  const Scratch scratch;
  const ContentStore store = ContentStore::open(scratch.dir).value();
  const std::string digest = digest_of("hello world");
  auto writer = store.begin(digest, 11).value();
  REQUIRE(writer.write("hello "));
  CHECK_FALSE(store.has(digest));
  REQUIRE(writer.write("world"));
  REQUIRE(writer.commit());
  CHECK(store.read(digest, 100).value() == "hello world");
  CHECK(store.list().value() == std::vector<std::string>{digest});
  CHECK(store.size(digest).value() == 11);
  REQUIRE(base::write_file(store.path(digest), "hello w0rld"));
  CHECK(store.read(digest, 100).error().code == Code::kDataLoss);
  REQUIRE(store.remove(digest));
  CHECK(store.remove(digest));
  CHECK_FALSE(store.has(digest));
}

TEST_CASE("content: wrong sizes and digests leave nothing, nor does a writer that goes away") {
  const Scratch scratch;
  const ContentStore store = ContentStore::open(scratch.dir).value();
  const std::string digest = digest_of("hello");
  {
    auto longer = store.begin(digest, 5).value();
    CHECK(longer.write("hello!").error().code == Code::kDataLoss);
    auto shorter = store.begin(digest, 6).value();
    REQUIRE(shorter.write("hello"));
    CHECK(shorter.commit().error().code == Code::kDataLoss);
    auto other = store.begin(digest, 5).value();
    REQUIRE(other.write("hallo"));
    const auto refused = other.commit();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find(digest_of("hallo")) != std::string::npos);
    auto left = store.begin(digest, 5).value();
    REQUIRE(left.write("hell"));
  }
  CHECK(store.list().value().empty());
  CHECK(base::make_real_fs()->list(store.tmp_dir()).value().empty());
}

TEST_CASE("content: what a crash left half written is gone after opening") {
  const Scratch scratch;
  {
    (void)ContentStore::open(scratch.dir);
  }
  REQUIRE(base::write_file(scratch.dir + "/tmp/new-abcdef", "half"));
  const ContentStore store = ContentStore::open(scratch.dir).value();
  CHECK(base::make_real_fs()->list(store.tmp_dir()).value().empty());
}

}  // namespace appliance::runtime::content
