#include "base/fs.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace appliance;
using namespace appliance::base;

namespace {
struct TempDir {
  std::string path;
  TempDir() {
    char name[] = "/tmp/app-fs-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
  }
  ~TempDir() { (void)remove_tree(path); }
};
}  // namespace

TEST_CASE("fs: whole files are written, read back and limited") {
  const TempDir dir;
  const std::string path = dir.path + "/a";
  REQUIRE(write_file_atomic(path, "hello", 0600));
  CHECK(read_file(path).value() == "hello");
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  REQUIRE(write_file_atomic(path, "bye"));
  CHECK(read_file(path).value() == "bye");
  CHECK(make_real_fs()->list(dir.path).value() == std::vector<std::string>{"a"});  // no temporary left
  CHECK(read_file(path, 2).error().code == Code::kResourceExhausted);
  CHECK(read_file(dir.path + "/absent").error().code == Code::kNotFound);
  CHECK(read_file("/proc/self/status").value().starts_with("Name:"));
}

TEST_CASE("fs: make_dirs makes parents and refuses a file in the way") {
  const TempDir dir;
  REQUIRE(make_dirs(dir.path + "/x/y/z"));
  REQUIRE(make_dirs(dir.path + "/x/y/z"));
  REQUIRE(write_file(dir.path + "/x/f", ""));
  const auto refused = make_dirs(dir.path + "/x/f/g");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("/x/f") != std::string::npos);
}

TEST_CASE("fs: remove_tree takes everything but does not follow links") {
  const TempDir dir;
  REQUIRE(make_dirs(dir.path + "/out"));
  REQUIRE(write_file(dir.path + "/out/keep", "k"));
  REQUIRE(make_dirs(dir.path + "/t/a/b"));
  REQUIRE(write_file(dir.path + "/t/a/b/f", "x"));
  REQUIRE(::symlink((dir.path + "/out").c_str(), (dir.path + "/t/link").c_str()) == 0);
  REQUIRE(remove_tree(dir.path + "/t"));
  CHECK(read_file(dir.path + "/out/keep").value() == "k");
  CHECK_FALSE(make_real_fs()->exists(dir.path + "/t").value());
  REQUIRE(remove_tree(dir.path + "/t"));  // absent is fine
}

TEST_CASE("fs: a file is read and written at offsets, allocated with zeros and truncated") {
  const TempDir dir;
  const auto fs = make_real_fs();
  auto file = fs->open(dir.path + "/f", {.write = true, .create = true}).value();
  REQUIRE(file->allocate(3 << 20U));
  CHECK(file->size().value() == 3U << 20U);
  REQUIRE(file->write_at(10, "abc"));
  REQUIRE(file->sync());
  std::string out(5, 'x');
  CHECK(file->read_at(9, out).value() == 5);
  CHECK(out == std::string("\0abc\0", 5));
  REQUIRE(file->truncate(11));
  CHECK(file->read_at(9, out).value() == 2);
  CHECK(fs->open(dir.path + "/f", {.write = true, .create = true, .exclusive = true}).error().code ==
        Code::kAlreadyExists);
}

TEST_CASE("fs: a lock names the process that holds it and goes with that process") {
  const TempDir dir;
  const auto fs = make_real_fs();
  int ready[2];
  int done[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(done) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto held = fs->lock(dir.path + "/LOCK");
    char c = held ? 'y' : 'n';
    (void)!::write(ready[1], &c, 1);
    ::close(done[1]);
    (void)!::read(done[0], &c, 1);
    ::_exit(0);
  }
  char c = 0;
  REQUIRE(::read(ready[0], &c, 1) == 1);
  REQUIRE(c == 'y');
  const auto refused = fs->lock(dir.path + "/LOCK");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kFailedPrecondition);
  CHECK(refused.error().message.find("process " + std::to_string(child)) != std::string::npos);
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(fs->lock(dir.path + "/LOCK"));
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);
}
