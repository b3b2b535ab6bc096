#include "base/fd.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <set>
#include <type_traits>

#include "base/fs.h"
#include "base/process.h"

using namespace appliance;
using namespace appliance::base;

namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
bool closes_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

std::set<int> numbers_open() {
  std::set<int> out;
  for (int fd = 0; fd < 1024; ++fd)
    if (is_open(fd)) out.insert(fd);
  return out;
}

static_assert(!std::is_copy_constructible_v<Fd> && !std::is_copy_assignable_v<Fd>);  // two owners would close twice
static_assert(std::is_nothrow_move_constructible_v<Fd> && std::is_nothrow_move_assignable_v<Fd>);
static_assert(!std::is_convertible_v<int, Fd>);  // nobody becomes an owner by accident

}  // namespace

TEST_CASE("fd: closes what it owns, once, and knows when it owns nothing") {
  const int raw = open_null();
  {
    const Fd fd(raw);
    CHECK(fd.valid());
    CHECK(static_cast<bool>(fd));
    CHECK(fd.get() == raw);
    CHECK(is_open(raw));
  }
  CHECK_FALSE(is_open(raw));
  const Fd none;
  CHECK_FALSE(none.valid());
  CHECK(none.get() == -1);
  CHECK_FALSE(Fd(-1).valid());
}

TEST_CASE("fd: a move hands over, and the one that was there before is closed") {
  const int first = open_null();
  const int second = open_null();
  Fd a(first);
  Fd b(std::move(a));
  CHECK_FALSE(a.valid());  // NOLINT(bugprone-use-after-move): this is what is tested
  CHECK(b.get() == first);
  Fd c(second);
  c = std::move(b);
  CHECK_FALSE(is_open(second));
  CHECK(is_open(first));
  CHECK(c.get() == first);
  Fd& self = c;
  c = std::move(self);
  CHECK(c.get() == first);
  CHECK(is_open(first));
}

TEST_CASE("fd: nothing closes a number twice, which another thread may have been given meanwhile") {
  Fd a(open_null());
  const int raw = a.get();
  Fd b(std::move(a));
  b.reset();
  CHECK_FALSE(is_open(raw));
  const Fd stranger(open_null());
  REQUIRE(stranger.get() == raw);  // the kernel gives the lowest free number again
  b.reset();
  a.reset();
  {
    const Fd gone(std::move(b));
  }
  CHECK(is_open(raw));
}

TEST_CASE("fd: release() gives the number away, open") {
  Fd fd(open_null());
  const int raw = fd.release();
  CHECK_FALSE(fd.valid());
  fd.reset();
  CHECK(is_open(raw));
  CHECK(::close(raw) == 0);
}

TEST_CASE("fd: a duplicate is its own, close-on-exec, and not below the number that was asked for") {
  Fd original(open_null());
  auto copy = duplicate(original.get(), 100);
  REQUIRE(copy);
  CHECK(copy->get() >= 100);
  CHECK(closes_on_exec(copy->get()));
  original.reset();
  CHECK(is_open(copy->get()));
  const auto again = duplicate(copy->get());
  REQUIRE(again);
  CHECK(again->get() != copy->get());
  const int closed = copy->get();
  copy->reset();
  const auto none = duplicate(closed);
  REQUIRE_FALSE(none);
  CHECK(none.error().errno_value == EBADF);
}

TEST_CASE("fd: what this folder opens is close-on-exec at birth") {
  char dir[] = "/tmp/fd_test.XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  const auto open_before = numbers_open();
  const auto fs = make_real_fs();
  const auto file = fs->open(std::string(dir) + "/f", {.write = true, .create = true});
  REQUIRE(file);
  const auto lock = fs->lock(std::string(dir) + "/LOCK");
  REQUIRE(lock);
  auto child = Process::spawn({.program = "/bin/true", .argv = {"true"}});
  REQUIRE(child);
  int born = 0;
  for (const int fd : numbers_open()) {
    if (open_before.contains(fd)) continue;
    INFO("descriptor " << fd);
    CHECK(closes_on_exec(fd));
    ++born;
  }
  CHECK(born == 3);  // a file, a lock, a process
  REQUIRE(child->wait(std::chrono::seconds(20)));
  CHECK(remove_tree(dir));
}
