// What touches the disk: atomic folders, subPath, clean-up, log files. Temporary folders; mounts need root.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>

#include "base/fs.h"
#include "orchestrator/kubelet/atomic_dir.h"
#include "orchestrator/kubelet/log_reader.h"
#include "orchestrator/kubelet/volumes.h"

namespace appliance::orchestrator::kubelet {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/kubelet-files-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() {
    (void)unmount_pod_dir(PodDir(path, "u"));
    (void)base::remove_tree(path);
  }
  std::string path;
};

std::string link_of(const std::string& path) {
  char buffer[4096];
  const auto n = ::readlink(path.c_str(), buffer, sizeof buffer);
  return n < 0 ? "" : std::string(buffer, static_cast<size_t>(n));
}

TEST_CASE("atomic dir: content changes behind one link, equal content changes nothing") {
  Folder f;
  const std::string dir = f.path + "/v";
  const base::WallTime now{std::chrono::seconds(1'700'000'000)};
  REQUIRE(write_atomic_dir(dir, {{"a", {"1", 0644}}, {"d/b", {"2", 0400}}}, std::nullopt, now).value());
  CHECK(base::read_file(dir + "/a").value() == "1");
  CHECK(base::read_file(dir + "/d/b").value() == "2");
  const std::string first = link_of(dir + "/..data");
  CHECK(link_of(dir + "/a") == "..data/a");
  CHECK_FALSE(write_atomic_dir(dir, {{"a", {"1", 0644}}, {"d/b", {"2", 0400}}}, std::nullopt, now).value());
  CHECK(link_of(dir + "/..data") == first);
  REQUIRE(write_atomic_dir(dir, {{"a", {"3", 0644}}}, std::nullopt, now).value());
  CHECK(base::read_file(dir + "/a").value() == "3");
  CHECK(link_of(dir + "/..data") != first);
  CHECK(::access((dir + "/d").c_str(), F_OK) != 0);
  CHECK(::access((dir + "/" + first).c_str(), F_OK) != 0);
}

TEST_CASE("volumes: subPath stays inside its volume") {
  Folder f;
  const PodDir dir(f.path, "u");
  const std::string volume = dir.volume("v");
  REQUIRE(base::make_dirs(volume));
  REQUIRE(base::make_dirs(f.path + "/secret"));
  REQUIRE(::symlink((f.path + "/secret").c_str(), (volume + "/out").c_str()) == 0);
  REQUIRE(::symlink("../../../../secret", (volume + "/up").c_str()) == 0);
  CHECK_FALSE(bind_subpath(dir, volume, "v", "c", 0, "out"));
  CHECK_FALSE(bind_subpath(dir, volume, "v", "c", 0, "up"));
  CHECK_FALSE(bind_subpath(dir, volume, "v", "c", 0, "../../.."));
  const auto made = bind_subpath(dir, volume, "v", "c", 0, "new/deep");
  REQUIRE(made);
  REQUIRE(base::write_file(*made + "/x", "1"));
  CHECK(base::read_file(volume + "/new/deep/x").value() == "1");
  REQUIRE(bind_subpath(dir, volume, "v", "c", 0, "new/deep"));  // again: replaced, not piled up
  REQUIRE(remove_pod_dir(dir));
  CHECK(::access(dir.path().c_str(), F_OK) != 0);
  CHECK(::access((f.path + "/secret").c_str(), F_OK) == 0);
}

PodSpec pod_with(const std::string& volumes) {
  auto pod = parse_pod(*json::parse(R"({"metadata":{"name":"p","namespace":"ns","uid":"u"},"spec":{"volumes":)" +
                                    volumes + R"(,"containers":[{"name":"c","image":"i"}]}})"));
  REQUIRE(pod);
  return std::move(*pod);
}

Result<> setup(const PodDir& dir, const PodSpec& pod) {
  const DownwardFacts facts;
  const Lookup lookup = [](std::string_view, const std::string&) -> Result<json::Value> {
    return fail(Code::kNotFound, "none");
  };
  const ProjectionInput in{pod, facts, lookup, {}};
  for (const auto& volume : json::array_at(*pod.document, {"spec", "volumes"}))
    TRY(setup_volume(dir, volume, in, base::WallTime{}));
  return {};
}

TEST_CASE("volumes: emptyDir on disk and in memory, kept over a second look") {
  Folder f;
  const PodDir dir(f.path, "u");
  const auto pod =
      pod_with(R"([{"name":"a","emptyDir":{}},{"name":"m","emptyDir":{"medium":"Memory","sizeLimit":"1Mi"}}])");
  REQUIRE(setup(dir, pod));
  struct stat st{};
  REQUIRE(::stat(dir.volume("a").c_str(), &st) == 0);
  CHECK((st.st_mode & 0777U) == 0777U);
  REQUIRE(base::write_file(dir.volume("a") + "/x", "1"));
  REQUIRE(base::write_file(dir.volume("m") + "/x", "1"));
  CHECK_FALSE(base::write_file(dir.volume("m") + "/big", std::string(2U << 20U, 'x')));
  REQUIRE(setup(dir, pod));
  CHECK(base::read_file(dir.volume("a") + "/x").value() == "1");
  CHECK(base::read_file(dir.volume("m") + "/x").value() == "1");
  REQUIRE(remove_pod_dir(dir));
  CHECK(::access(dir.path().c_str(), F_OK) != 0);
}

TEST_CASE("volumes: hostPath types are checked") {
  Folder f;
  const PodDir dir(f.path, "u");
  const auto host = [&](const std::string& path, const std::string& type) {
    return setup(dir,
                 pod_with(R"([{"name":"h","hostPath":{"path":")" + f.path + path + R"(","type":")" + type + R"("}}])"));
  };
  CHECK_FALSE(host("/none", "Directory"));
  CHECK(host("/made", "DirectoryOrCreate"));
  CHECK(host("/made", "Directory"));
  CHECK_FALSE(host("/made", "File"));
  CHECK(host("/file", "FileOrCreate"));
  CHECK(host("/file", "File"));
  CHECK_FALSE(host("/file", "Socket"));
  CHECK(setup(dir, pod_with(R"([{"name":"n","nfs":{"server":"x"}}])")).error().code == Code::kUnimplemented);
}

struct TextSink final : client::ByteSink {
  bool write(std::string bytes) override {
    text += bytes;
    return true;
  }
  void finish(std::optional<Error>) override {}
  bool closed() const override { return false; }
  size_t bytes_queued() const override { return 0; }
  std::string text;
};

std::string frame(int n) {
  return "2026-01-02T03:04:05.00000000" + std::to_string(n % 10) + "Z stdout F line " + std::to_string(n) + "\n";
}

std::string read(const std::string& path, const client::LogOptions& options) {
  const std::atomic<bool> stop{false};
  TextSink sink;
  REQUIRE(read_log({.path = path, .live = [] { return false; }, .stop = &stop}, options, sink));
  return sink.text;
}

TEST_CASE("log reader: rotated files come first, tail counts lines across them") {
  Folder f;
  const std::string path = f.path + "/0.log";
  REQUIRE(base::write_file(path + ".2", frame(0) + frame(1)));
  REQUIRE(base::write_file(path + ".1", frame(2) + frame(3)));
  REQUIRE(base::write_file(path, frame(4) + "2026-01-02T03:04:05Z stdout P li\n2026-01-02T03:04:05Z stdout F ne 5\n"));
  CHECK(read(path, {}) == "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\n");
  const std::vector<std::string> expected{"", "line 5\n", "line 4\nline 5\n", "line 3\nline 4\nline 5\n"};
  for (size_t n = 0; n < expected.size(); ++n) {
    client::LogOptions options;
    options.tail_lines = static_cast<int64_t>(n);
    INFO(n);
    CHECK(read(path, options) == expected[n]);
  }
  client::LogOptions many;
  many.tail_lines = 100;
  CHECK(read(path, many) == read(path, {}));
}

TEST_CASE("log reader: tail over a file larger than one read") {
  Folder f;
  const std::string path = f.path + "/0.log";
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += frame(i);
  REQUIRE(base::write_file(path, text));
  client::LogOptions options;
  options.tail_lines = 5'000;
  const auto out = read(path, options);
  CHECK(out.starts_with("line 15000\n"));
  CHECK(std::count(out.begin(), out.end(), '\n') == 5'000);
}

TEST_CASE("log reader: a follower goes across a rotation without a gap or a repeat") {
  Folder f;
  const std::string path = f.path + "/0.log";
  REQUIRE(base::write_file(path, frame(0)));
  const std::atomic<bool> stop{false};
  TextSink sink;
  client::LogOptions options;
  options.follow = true;
  int stage = 0;
  // live() is asked after each end of file: the writer acts there, and says no at last.
  const auto live = [&] {
    ++stage;
    if (stage == 1) {
      REQUIRE(base::write_file(path, frame(0) + frame(1)));
      REQUIRE(::rename(path.c_str(), (path + ".1").c_str()) == 0);
      REQUIRE(base::write_file(path, frame(2)));
      return true;
    }
    if (stage == 2) {
      REQUIRE(base::write_file(path, frame(2) + frame(3)));
      return true;
    }
    return false;
  };
  REQUIRE(read_log({.path = path, .live = live, .stop = &stop}, options, sink));
  CHECK(sink.text == "line 0\nline 1\nline 2\nline 3\n");
}

}  // namespace
}  // namespace appliance::orchestrator::kubelet
