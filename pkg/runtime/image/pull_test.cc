// Pulling from a registry that lies, stalls, redirects and asks for tokens.
#include <catch2/catch.hpp>
#include <filesystem>

#include "base/compress/compress.h"
#include "base/json/json.h"
#include "base/strings.h"
#include "runtime/image/fake_registry.h"
#include "runtime/image/store.h"
#include "runtime/image/test_images.h"

namespace appliance::runtime::image {
namespace {

namespace fs = std::filesystem;
using test::FakeAnswer;
using test::FakeRegistry;
using test::FakeRequest;
using test::Scratch;

// One image of one gzip layer as a registry has it.
struct Remote {
  std::string tar = test::tar_of({{"etc/", ""}, {"etc/motd", std::string(40'000, 'm')}});
  std::string layer = base::compress::gzip(tar, 1);
  std::string config;
  std::string manifest;
  std::string architecture = host_platform().architecture;

  explicit Remote(std::string other_architecture = {}) {
    if (!other_architecture.empty()) architecture = std::move(other_architecture);
    config = json::serialize(json::Object{
        {"os", "linux"},
        {"architecture", architecture},
        {"rootfs", json::Object{{"type", "layers"}, {"diff_ids", json::Array{json::Value(digest_of(tar))}}}}});
    manifest = json::serialize(json::Object{
        {"schemaVersion", 2},
        {"mediaType", oci::media::kOciManifest},
        {"config",
         json::Object{{"mediaType", oci::media::kOciConfig}, {"digest", digest_of(config)}, {"size", config.size()}}},
        {"layers",
         json::Array{json::Value(json::Object{
             {"mediaType", oci::media::kOciLayerGzip}, {"digest", digest_of(layer)}, {"size", layer.size()}})}}});
  }
  [[nodiscard]] FakeAnswer answer(const FakeRequest& request) const {
    const std::string& path = request.path;
    if (path == "/v2/") return {.status = 200, .body = "{}"};
    if (path == "/v2/test/img/manifests/1" || path == "/v2/test/img/manifests/" + digest_of(manifest)) {
      return {.headers = "Content-Type: " + std::string(oci::media::kOciManifest) + "\r\n", .body = manifest};
    }
    if (path == "/v2/test/img/blobs/" + digest_of(config)) return {.body = config};
    if (path == layer_path()) return {.body = layer};
    return {.status = 404, .body = R"({"errors":[{"code":"NAME_UNKNOWN","message":"no such thing"}]})"};
  }
  [[nodiscard]] std::string layer_path() const { return "/v2/test/img/blobs/" + digest_of(layer); }
};

size_t files_left(const Scratch& scratch) {
  size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path("data"))) {
    count += entry.is_regular_file() && entry.path().filename() != "index.json" ? 1 : 0;
  }
  return count;
}

// A pull that must fail and leave nothing.
Error refused(const FakeRegistry::Handler& handler, std::chrono::seconds deadline = std::chrono::seconds(60)) {
  Scratch scratch;
  FakeRegistry registry(handler);
  auto options = scratch.options();
  options.registry_stall_timeout = std::chrono::milliseconds(200);
  auto store = ImageStore::open(options).value();
  const auto got = store->pull(registry.host() + "/test/img:1", {.auths = {}, .progress = {}, .deadline = deadline});
  REQUIRE_FALSE(got);
  INFO(got.error().message);
  CHECK(got.error().message.starts_with("pull " + registry.host() + "/test/img:1: "));
  CHECK(store->list().value().empty());
  CHECK(files_left(scratch) == 0);
  return got.error();
}

}  // namespace

TEST_CASE("pull: a registry that lies about a digest is refused (8.5)") {
  const Remote remote;
  const auto layer = refused([&](const FakeRequest& request) {
    FakeAnswer out = remote.answer(request);
    if (request.path == remote.layer_path()) out.body[20] ^= 1;
    return out;
  });
  CHECK(layer.code == Code::kDataLoss);
  CHECK(layer.message.find("digest is sha256:") != std::string::npos);
  const auto config = refused([&](const FakeRequest& request) {
    FakeAnswer out = remote.answer(request);
    if (request.path.ends_with(digest_of(remote.config))) out.body[5] ^= 1;
    return out;
  });
  CHECK(config.code == Code::kDataLoss);
  const auto manifest = refused([&](const FakeRequest& request) {
    FakeAnswer out = remote.answer(request);
    if (request.path.ends_with("/manifests/1"))
      out.headers += "Docker-Content-Digest: " + digest_of("another") + "\r\n";
    return out;
  });
  CHECK(manifest.code == Code::kDataLoss);
}

TEST_CASE("pull: a registry that lies about a size is refused (8.6)") {
  const Remote remote;
  const auto with = [&](auto change) {
    return refused([&, change](const FakeRequest& request) {
      FakeAnswer out = remote.answer(request);
      if (request.path == remote.layer_path()) change(out);
      return out;
    });
  };
  CHECK(with([](FakeAnswer& out) { out.body += "more"; }).code == Code::kDataLoss);
  CHECK(with([](FakeAnswer& out) { out.body.pop_back(); }).code == Code::kDataLoss);
  const auto endless = with([](FakeAnswer& out) {
    out.body += std::string(1 << 20, 'x');
    out.stated_length = -2;
  });
  CHECK(endless.code == Code::kDataLoss);
  CHECK(endless.message.find("size is more") != std::string::npos);
  CHECK(with([](FakeAnswer& out) { out.stated_length = -2, out.body.resize(10); }).code == Code::kDataLoss);
}

TEST_CASE("pull: a registry that stalls is given up, also when it never answers at all (8.7)") {
  const Remote remote;
  const auto half = refused([&](const FakeRequest& request) {
    FakeAnswer out = remote.answer(request);
    if (request.path == remote.layer_path()) {
      out.stated_length = static_cast<int64_t>(out.body.size());
      out.body.clear();
      out.stall = true;
    }
    return out;
  });
  CHECK(half.code == Code::kDeadlineExceeded);
  CHECK(half.message.find("no answer in time") != std::string::npos);
  const auto deadline = refused(
      [&](const FakeRequest& request) {
        FakeAnswer out = remote.answer(request);
        if (request.path != "/v2/") out = {.headers = "X: y\r\n", .body = "", .stated_length = 10, .stall = true};
        return out;
      },
      std::chrono::seconds(0));
  CHECK(deadline.code == Code::kDeadlineExceeded);
}

TEST_CASE("pull: an image for another machine is refused and names both (8.8)") {
  const Remote remote("s390x");
  const auto error = refused([&](const FakeRequest& request) { return remote.answer(request); });
  CHECK(error.code == Code::kFailedPrecondition);
  CHECK(error.message.find("linux/s390x") != std::string::npos);
  CHECK(error.message.find(host_platform().string()) != std::string::npos);
}

TEST_CASE("pull: errors of the registry are passed on with the request") {
  const auto error = refused([&](const FakeRequest& request) {
    return request.path == "/v2/"
               ? FakeAnswer{}
               : FakeAnswer{.status = 404, .body = R"({"errors":[{"message":"manifest\nunknown"}]})"};
  });
  CHECK(error.code == Code::kNotFound);
  CHECK(error.message.find("GET manifests/1: 404 manifest?unknown") != std::string::npos);
}

TEST_CASE("pull: a blob goes on where the connection broke") {
  const Remote remote;
  Scratch scratch;
  std::atomic<int> asked{0};
  FakeRegistry registry([&](const FakeRequest& request) {
    FakeAnswer out = remote.answer(request);
    if (request.path != remote.layer_path()) return out;
    const std::string all = out.body;
    if (asked++ == 0) {
      out.stated_length = static_cast<int64_t>(all.size());
      out.body = all.substr(0, all.size() / 2);
      return out;
    }
    const auto from = base::parse_int<size_t>(base::split(request.headers.at("range").substr(6), '-')[0]).value();
    out.status = 206;
    out.headers += "Content-Range: bytes " + std::to_string(from) + '-' + std::to_string(all.size() - 1) + '/' +
                   std::to_string(all.size()) + "\r\n";
    out.body = all.substr(from);
    return out;
  });
  const auto got = scratch.open()->pull(registry.host() + "/test/img:1", {});
  INFO((got ? "" : got.error().message));
  REQUIRE(got);
  CHECK(asked == 2);
}

TEST_CASE("pull: a bearer token is fetched with the secret, and neither goes to the host of a redirect") {
  const Remote remote;
  Scratch scratch;
  FakeRegistry storage([&](const FakeRequest&) { return FakeAnswer{.body = remote.layer}; });
  std::string host;
  std::atomic<bool> scope_seen{false};
  FakeRegistry registry([&](const FakeRequest& request) -> FakeAnswer {
    const auto sent = request.headers.find("authorization");
    const std::string secret = sent == request.headers.end() ? "" : sent->second;
    if (request.path == "/v2/") return {.status = 401};
    if (request.path.starts_with("/token?")) {
      if (secret != "Basic " + base::base64("joe:right")) return {.status = 401};
      scope_seen = request.path.find("scope=repository%3Atest%2Fimg%3Apull") != std::string::npos;
      return {.body = R"({"token":"t0k3n"})"};
    }
    if (secret != "Bearer t0k3n") {
      return {.status = 401,
              .headers = "WWW-Authenticate: Bearer realm=\"http://" + host +
                         "/token\",service=\"s\",scope=\"repository:test/img:pull\"\r\n"};
    }
    if (request.path == remote.layer_path())
      return {.status = 307, .headers = "Location: http://" + storage.host() + "/bucket/x?sig=1\r\n"};
    return remote.answer(request);
  });
  host = registry.host();
  auto store = scratch.open();
  const auto anonymous = store->pull(host + "/test/img:1", {});
  REQUIRE_FALSE(anonymous);
  CHECK(anonymous.error().code == Code::kUnauthenticated);
  PullOptions options;
  options.auths = {{"joe", "wrong", ""}, {"joe", "right", ""}};
  uint64_t done = 0;
  options.progress = [&](const Progress& progress) { done = progress.bytes_done; };
  const auto got = store->pull(host + "/test/img:1", options);
  INFO((got ? "" : got.error().message));
  REQUIRE(got);
  CHECK(scope_seen);
  CHECK(done == remote.layer.size());
  REQUIRE(storage.seen().size() == 1);
  CHECK_FALSE(storage.seen()[0].headers.contains("authorization"));
}

TEST_CASE("pull: concurrent pulls of one reference share the work") {
  const Remote remote;
  Scratch scratch;
  std::atomic<int> manifests{0};
  std::mutex mutex;
  std::condition_variable wake;
  bool open = false;
  FakeRegistry registry([&](const FakeRequest& request) {
    if (request.path.find("/manifests/") != std::string::npos) {
      ++manifests;
      std::unique_lock lock(mutex);
      wake.wait_for(lock, std::chrono::seconds(20), [&] { return open; });
    }
    return remote.answer(request);
  });
  auto store = scratch.open();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  std::atomic<int> started{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      ++started;
      good += store->pull(registry.host() + "/test/img:1", {}).has_value() ? 1 : 0;
    });
  }
  while (started < 8 || manifests == 0) std::this_thread::yield();
  {
    const std::scoped_lock lock(mutex);
    open = true;
  }
  wake.notify_all();
  for (std::thread& thread : threads) thread.join();
  CHECK(good == 8);
  CHECK(manifests < 8);
}

TEST_CASE("pull: a mirror is asked first, without secrets, and its failure is no harm") {
  const Remote remote;
  Scratch scratch;
  FakeRegistry broken([&](const FakeRequest&) { return FakeAnswer{.status = 404}; });
  FakeRegistry mirror([&](const FakeRequest& request) { return remote.answer(request); });
  FakeRegistry origin([&](const FakeRequest&) { return FakeAnswer{.status = 404}; });
  auto options = scratch.options();
  options.mirrors[origin.host()] = {"http://" + broken.host(), "http://" + mirror.host()};
  auto store = ImageStore::open(options).value();
  PullOptions pull;
  pull.auths = {{"joe", "secret", ""}};
  const Image image = store->pull(origin.host() + "/test/img:1", pull).value();
  CHECK(image.repo_tags == std::vector<std::string>{origin.host() + "/test/img:1"});
  CHECK(origin.seen().empty());
  CHECK(broken.seen().size() == 1);
  for (const auto& request : mirror.seen()) CHECK_FALSE(request.headers.contains("authorization"));
}

}  // namespace appliance::runtime::image
