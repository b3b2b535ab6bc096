#include <thread>

#include <catch2/catch.hpp>

#include "base/fault_fs.h"
#include "base/sqlite/database.h"

using namespace appliance;
using namespace appliance::base;
using namespace appliance::base::sqlite;

namespace {
Database open(const Vfs& vfs, bool read_only = false) {
  auto db = Database::open({.path = "/d/db", .vfs = &vfs, .read_only = read_only});
  INFO((db ? std::string() : db.error().message));
  REQUIRE(db);
  return std::move(*db);
}
constexpr const char* kMode = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL";
}  // namespace

TEST_CASE("sqlite: a reader keeps its state while the writer goes on, both through the vfs") {
  FaultFs fs({});
  REQUIRE(fs.make_dirs("/d", 0700));
  const Vfs vfs(fs);
  Database writer = open(vfs);
  REQUIRE(writer.exec(kMode));
  REQUIRE(writer.exec("CREATE TABLE t(x); INSERT INTO t VALUES(1)"));
  Database reader = open(vfs, true);
  REQUIRE(reader.exec("BEGIN"));
  CHECK(reader.query_int("SELECT count(*) FROM t").value() == 1);
  REQUIRE(writer.exec("INSERT INTO t VALUES(2)"));
  CHECK(reader.query_int("SELECT count(*) FROM t").value() == 1);
  REQUIRE(reader.exec("COMMIT"));
  CHECK(reader.query_int("SELECT count(*) FROM t").value() == 2);
  CHECK_FALSE(reader.exec("INSERT INTO t VALUES(3)"));
  CHECK(writer.checkpoint(false).value().complete());
}

TEST_CASE("sqlite: two writers exclude each other") {
  FaultFs fs({});
  REQUIRE(fs.make_dirs("/d", 0700));
  const Vfs vfs(fs);
  Database a = open(vfs);
  REQUIRE(a.exec(kMode));
  REQUIRE(a.exec("CREATE TABLE t(x)"));
  Database b = Database::open({.path = "/d/db", .vfs = &vfs, .busy_timeout_ms = 1}).value();
  REQUIRE(a.exec("BEGIN IMMEDIATE"));
  CHECK(b.exec("BEGIN IMMEDIATE").error().code == Code::kUnavailable);
  REQUIRE(a.exec("COMMIT"));
  CHECK(b.exec("BEGIN IMMEDIATE"));
}

TEST_CASE("sqlite: after a power cut the database holds a prefix of its commits, and all that were checkpointed") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    FaultFs fs({.seed = seed});
    REQUIRE(fs.make_dirs("/d", 0700));
    int64_t committed = 0;
    int64_t checkpointed = 0;
    {
      const Vfs vfs(fs);
      Database db = open(vfs);
      REQUIRE(db.exec(kMode));
      REQUIRE(db.exec("CREATE TABLE t(x); INSERT INTO t VALUES(0)"));
      REQUIRE(db.checkpoint(false));
      fs.cut_power_at(1 + seed * 3);
      for (int i = 1; i < 60; ++i) {
        if (!db.exec(("INSERT INTO t SELECT " + std::to_string(i) + " FROM t LIMIT 1").c_str())) break;
        committed = i;
        if (i % 7 == 0 && db.checkpoint(false).has_value() && !fs.power_is_off()) checkpointed = i;
      }
    }
    fs.reboot();
    const Vfs vfs(fs);
    Database db = open(vfs);
    const int64_t last = db.query_int("SELECT max(x) FROM t").value();
    INFO("seed " << seed);
    CHECK(last >= checkpointed);
    CHECK(last <= committed + 1);
    CHECK(db.query_int("SELECT count(*) FROM t").value() == last + 1);
    CHECK(db.query_int("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'").value() == 1);
  }
}

TEST_CASE("sqlite: a full disk is named, and goes away with it") {
  FaultFs fs({});
  REQUIRE(fs.make_dirs("/d", 0700));
  const Vfs vfs(fs);
  Database db = open(vfs);
  REQUIRE(db.exec(kMode));
  REQUIRE(db.exec("CREATE TABLE t(x)"));
  fs.set_capacity(fs.used_bytes() + 8192);
  const auto full = db.exec("INSERT INTO t VALUES(zeroblob(100000))");
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Code::kResourceExhausted);
  CHECK(full.error().message.find("no space left on device") != std::string::npos);
  CHECK(db.query_int("SELECT count(*) FROM t").value() == 0);
  fs.set_capacity(UINT64_MAX);
  CHECK(db.exec("INSERT INTO t VALUES(zeroblob(100000))"));
}

TEST_CASE("sqlite: readers on other threads see whole commits only") {
  FaultFs fs({});
  REQUIRE(fs.make_dirs("/d", 0700));
  const Vfs vfs(fs);
  Database writer = open(vfs);
  REQUIRE(writer.exec(kMode));
  REQUIRE(writer.exec("CREATE TABLE t(x)"));
  std::atomic<bool> done{false};
  std::atomic<int> odd{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      auto reader = Database::open({.path = "/d/db", .vfs = &vfs, .read_only = true});
      while (!done && reader) {
        const auto n = reader->query_int("SELECT count(*) FROM t");
        if (!n || *n % 2 != 0) ++odd;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    REQUIRE(writer.exec("BEGIN; INSERT INTO t VALUES(1); INSERT INTO t VALUES(2); COMMIT"));
    if (i % 20 == 0) REQUIRE(writer.checkpoint(false));
  }
  done = true;
  for (auto& t : threads) t.join();
  CHECK(odd == 0);
}
