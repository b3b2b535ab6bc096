#include "base/tar/tar.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/fs.h"

namespace appliance::base::tar {
namespace {

struct Item {
  Entry entry;
  std::string data;
};

Result<std::vector<Item>> read_items(std::string_view archive, Limits limits = {}) {
  compress::MemorySource source(archive);
  Reader reader(source, limits);
  std::vector<Item> out;
  while (auto entry = TRY(reader.next())) {
    Item item{std::move(*entry), {}};
    std::array<char, 1000> buffer;
    while (const size_t n = TRY(reader.read(buffer))) item.data.append(buffer.data(), n);
    out.push_back(std::move(item));
  }
  return out;
}

std::string write_items(const std::vector<Item>& items) {
  compress::StringSink sink;
  Writer writer(sink);
  for (const Item& item : items) {
    REQUIRE(writer.header(item.entry));
    REQUIRE(writer.data(item.data));
  }
  REQUIRE(writer.finish());
  return sink.text;
}

// A header block as an attacker would make it.
std::string block(std::string_view name, std::string_view size, char type) {
  std::string out(512, '\0');
  const auto put = [&](size_t at, std::string_view text) { std::memcpy(out.data() + at, text.data(), text.size()); };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size);
  put(136, "00000000000");
  out[156] = type;
  put(257, std::string_view("ustar\00000", 8));
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : out) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  put(148, std::string_view(text, 7));
  return out;
}

std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

Code code_of(std::string_view archive) {
  const auto got = read_items(archive);
  return got ? Code::kOk : got.error().code;
}

}  // namespace

TEST_CASE("tar: what is written is read back: long and odd names, big ids, times, xattrs, devices") {
  std::vector<Item> items(6);
  items[0].entry = {.type = Type::kDirectory, .path = "dir/", .mode = 01777};
  items[1].entry = {.path = std::string(180, 'n') + "/" + std::string(90, 'm'),
                    .mode = 04755,
                    .uid = 4'000'000'000,
                    .gid = 3'000'000,
                    .size = 700};
  items[1].data = std::string(700, 'd');
  items[2].entry = {.path = "na\xc3\xafve\xff", .size = 1, .mtime_s = -13, .mtime_ns = 250'000'000};
  items[2].data = "x";
  items[2].entry.xattrs = {{"user.a", std::string("\0=\n\xff", 4)}, {"security.capability", "c"}};
  items[3].entry = {.type = Type::kSymlink, .path = "link", .link = std::string(150, 't'), .mode = 0777};
  items[4].entry = {.type = Type::kHardlink, .path = "hard", .link = "link"};
  items[5].entry = {
      .type = Type::kCharDevice, .path = "null", .mtime_s = 20'000'000'000, .device_major = 1, .device_minor = 3};
  const std::string archive = write_items(items);
  CHECK(archive.size() % 512 == 0);
  CHECK(write_items(items) == archive);
  const auto got = read_items(archive).value();
  REQUIRE(got.size() == items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const Entry& a = items[i].entry;
    const Entry& b = got[i].entry;
    INFO(a.path);
    CHECK(b.type == a.type);
    CHECK(b.path == a.path);
    CHECK(b.link == a.link);
    CHECK(b.mode == a.mode);
    CHECK(b.uid == a.uid);
    CHECK(b.gid == a.gid);
    CHECK(b.size == a.size);
    CHECK(b.mtime_s == a.mtime_s);
    CHECK(b.mtime_ns == a.mtime_ns);
    CHECK(b.xattrs == a.xattrs);
    CHECK(b.device_major == a.device_major);
    CHECK(b.device_minor == a.device_minor);
    CHECK(got[i].data == items[i].data);
  }
}

TEST_CASE("tar: GNU tar's formats are read, and GNU tar reads ours") {
  if (::access("/usr/bin/tar", X_OK) != 0) {
    WARN("SKIPPED: GNU tar is not installed");
    return;
  }
  std::string dir = "/tmp/tar-test-XXXXXX";
  REQUIRE(::mkdtemp(dir.data()) != nullptr);
  const std::string name(95, 'a');
  const std::string deep = name + "/" + name;
  REQUIRE(make_dirs(dir + "/in/" + name));
  REQUIRE(write_file(dir + "/in/" + deep, "deep"));
  REQUIRE(write_file(dir + "/in/gr\xc3\xbc\xc3\x9f", "hello"));
  for (const std::string format : {"v7", "ustar", "gnu", "oldgnu", "pax"}) {
    INFO(format);
    const bool short_only = format == "v7";
    const std::string command =
        "cd " + dir + "/in && tar --format=" + format + " -cf ../a.tar " + (short_only ? "./gr*" : ".");
    REQUIRE(std::system(command.c_str()) == 0);
    const auto got = read_items(read_file(dir + "/a.tar").value()).value();
    bool found_deep = short_only;
    bool found_name = false;
    for (const Item& item : got) {
      const std::string path = normalize(item.entry.path).value();
      found_deep = found_deep || (path == deep && item.data == "deep");
      found_name = found_name || (path == "gr\xc3\xbc\xc3\x9f" && item.data == "hello");
    }
    CHECK(found_deep);
    CHECK(found_name);
  }
  std::vector<Item> ours(2);
  ours[0].entry = {.path = std::string(60, 'l') + "/" + std::string(150, 'n'), .size = 5};
  ours[0].data = "ours!";
  ours[1].entry = {.type = Type::kSymlink, .path = "s", .link = std::string(120, 's')};
  REQUIRE(write_file(dir + "/ours.tar", write_items(ours)));
  REQUIRE(std::system(("mkdir " + dir + "/out && tar -C " + dir + "/out -xf " + dir + "/ours.tar").c_str()) == 0);
  CHECK(read_file(dir + "/out/" + ours[0].entry.path).value() == "ours!");
  CHECK(remove_tree(dir));
}

TEST_CASE("tar: an archive that is cut anywhere is refused or ends early, and never reads beyond") {
  std::vector<Item> items(2);
  items[0].entry = {.path = std::string(200, 'p'), .size = 1000};
  items[0].data = std::string(1000, 'x');
  items[1].entry = {.path = "b", .size = 3};
  items[1].data = "abc";
  const std::string archive = write_items(items);
  for (size_t n = 0; n < archive.size(); n += 41) {
    const auto got = read_items(std::string_view(archive).substr(0, n));
    if (!got)
      CHECK(got.error().code == Code::kDataLoss);
    else
      CHECK(got->size() <= items.size());
  }
}

TEST_CASE("tar: sparse files, unknown types and damaged headers are refused") {
  CHECK(code_of(block("f", "00000000000", 'S')) == Code::kInvalidArgument);
  CHECK(code_of(block("f", "00000000000", 'V')) == Code::kInvalidArgument);
  CHECK(code_of(block("f", "00000000000", 'M')) == Code::kInvalidArgument);
  CHECK(code_of(block("f", "0000000008x", '0')) == Code::kDataLoss);
  std::string damaged = block("f", "00000000000", '0');
  damaged[3] ^= 1;
  CHECK(code_of(damaged) == Code::kDataLoss);
  const std::string sparse = "22 GNU.sparse.major=1\n";
  CHECK(code_of(block("x", "00000000026", 'x') + padded(sparse) + block("f", "00000000000", '0')) ==
        Code::kInvalidArgument);
  for (const std::string bad :
       {"5 a=b\n", "999 a=b\n", "x a=b\n", "6 =bc\n", "6 abc\n", "18446744073709551617 a=b\n"}) {
    INFO(bad);
    char size[16];
    std::snprintf(size, sizeof size, "%011zo", bad.size());
    CHECK(code_of(block("x", size, 'x') + padded(bad) + block("f", "00000000000", '0')) == Code::kDataLoss);
  }
}

TEST_CASE("tar: limits on entries, paths and pax sizes hold") {
  std::vector<Item> items(3);
  for (Item& item : items) item.entry.path = "f";
  CHECK(read_items(write_items(items), {.entries_max = 2}).error().code == Code::kResourceExhausted);
  items[0].entry.path = std::string(300, 'p');
  CHECK(read_items(write_items(items), {.path_bytes_max = 200}).error().code == Code::kResourceExhausted);
  items[0].entry.xattrs["user.x"] = std::string(5000, 'v');
  CHECK(read_items(write_items(items), {.pax_bytes_max = 4096}).error().code == Code::kResourceExhausted);
  CHECK(code_of(block("l", "77777777777", 'L')) == Code::kResourceExhausted);
  std::string many;
  for (int i = 0; i < 20; ++i) many += block("x", "00000000000", 'x');
  CHECK(code_of(many) == Code::kInvalidArgument);
}

TEST_CASE("tar: hostile names are normalized into the root or refused (8.9)") {
  CHECK(normalize("./a//b/").value() == "a/b");
  CHECK(normalize("/etc/passwd").value() == "etc/passwd");
  CHECK(normalize(".").value().empty());
  CHECK(normalize("/").value().empty());
  CHECK(normalize("...").value() == "...");
  CHECK(normalize("a/..b").value() == "a/..b");
  for (const std::string& bad : {std::string(), std::string(".."), std::string("a/../b"), std::string("/.."),
                                 std::string("a\0b", 3), std::string(256, 'x')}) {
    const auto got = normalize(bad);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Code::kInvalidArgument);
  }
}

}  // namespace appliance::base::tar
