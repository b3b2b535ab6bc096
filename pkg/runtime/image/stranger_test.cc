// Debian's docker-registry and skopeo, which nobody here wrote, on the other side: plain HTTP, TLS, basic
// authentication.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/compress/compress.h"
#include "base/fs.h"
#include "base/strings.h"
#include "runtime/image/store.h"
#include "runtime/image/test_images.h"

namespace appliance::runtime::image {
namespace {

using test::Scratch;

bool strangers_missing() {
  for (const char* program : {"/usr/bin/docker-registry", "/usr/bin/skopeo"}) {
    if (::access(program, X_OK) == 0) continue;
    WARN("SKIPPED: " << program << " is not installed");
    return true;
  }
  return false;
}

class DockerRegistry {
 public:
  DockerRegistry(const Scratch& scratch, const std::string& extra) {
    const std::string log = scratch.path("registry.log");
    scratch.write("registry.yml", "version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: " +
                                      scratch.path("registry") + "}}\nhttp:\n  addr: 127.0.0.1:0\n" + extra);
    const std::string config = scratch.path("registry.yml");
    const char* argv[] = {"docker-registry", "serve", config.c_str(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const int status =
        ::posix_spawn(&pid_, "/usr/bin/docker-registry", &actions, nullptr, const_cast<char**>(argv), environ);
    posix_spawn_file_actions_destroy(&actions);
    REQUIRE(status == 0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    constexpr std::string_view kSign = "listening on 127.0.0.1:";
    std::string text;
    while (host_.empty()) {
      text = base::read_file(log).value_or("");
      const size_t at = text.find(kSign);
      const size_t end = at == std::string::npos ? at : text.find_first_not_of("0123456789", at + kSign.size());
      if (end != std::string::npos) host_ = "127.0.0.1:" + text.substr(at + kSign.size(), end - at - kSign.size());
      INFO(text);
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      if (host_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));  // polls the log with a deadline
    }
  }
  ~DockerRegistry() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  DockerRegistry(const DockerRegistry&) = delete;
  DockerRegistry& operator=(const DockerRegistry&) = delete;
  [[nodiscard]] const std::string& host() const { return host_; }

 private:
  pid_t pid_ = -1;
  std::string host_;
};

// An image of three layers (plain, gzip) as an OCI archive.
std::string make_archive(const Scratch& scratch) {
  const std::string one = test::tar_of({{"etc/", ""}, {"etc/one", std::string(100'000, '1')}});
  const std::string two = test::tar_of({{"etc/", ""}, {"etc/two", "2"}});
  const std::string three = test::tar_of({{"etc/", ""}, {"etc/.wh.one", ""}, {"etc/drei", "3"}});
  const auto gz = [](const std::string& text) { return base::compress::gzip(text); };
  scratch.write("image.tar", test::layout({one, gz(two), gz(three)}, {one, two, three}));
  return scratch.path("image.tar");
}

std::string push(const Scratch& scratch, const std::string& target, const std::string& more = "") {
  test::run("skopeo --insecure-policy copy --dest-tls-verify=false " + more + " --digestfile " +
            scratch.path("digest") + " oci-archive:" + make_archive(scratch) + " docker://" + target);
  return base::read_file(scratch.path("digest")).value();
}

}  // namespace

TEST_CASE("stranger: an image pushed by skopeo to docker-registry is pulled by tag and by digest") {
  if (strangers_missing()) return;
  Scratch scratch;
  const DockerRegistry registry(scratch, "");
  const std::string name = registry.host() + "/test/img";
  const std::string digest = push(scratch, name + ":1");
  auto store = scratch.open();
  const auto by_tag = store->pull(name + ":1", {});
  INFO((by_tag ? "" : by_tag.error().message));
  REQUIRE(by_tag);
  CHECK(by_tag->repo_digests == std::vector<std::string>{name + '@' + digest});
  const Image by_digest = scratch.open("other")->pull(name + '@' + digest, {}).value();
  CHECK(by_digest.id == by_tag->id);
  CHECK(by_digest.repo_tags.empty());
  const auto dirs = store->acquire_layers(by_tag->id, "c").value();
  CHECK(test::overlay_listing(scratch, dirs, "etc") == "drei two");
  store->release_layers("c");

  REQUIRE(store->export_archive(name + ":1", scratch.path("out.tar")));
  CHECK(test::run("skopeo inspect --format '{{.Digest}}' oci-archive:" + scratch.path("out.tar")).find(digest) == 0);
  CHECK(store->pull(registry.host() + "/test/none:1", {}).error().code == Code::kNotFound);
  CHECK(store->pull(name + "@sha256:" + std::string(64, '0'), {}).error().code == Code::kNotFound);
}

TEST_CASE("stranger: basic authentication, with the wrong and the right password") {
  if (strangers_missing()) return;
  Scratch scratch;
  // "secret" with bcrypt, as htpasswd -B writes it.
  const std::string hash = test::run(
      R"sh(python3 -W ignore -c "import crypt; print(crypt.crypt('secret', crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))")sh");
  scratch.write("htpasswd", "joe:" + hash);
  const DockerRegistry registry(scratch, "auth: {htpasswd: {realm: test, path: " + scratch.path("htpasswd") + "}}\n");
  const std::string name = registry.host() + "/test/img:1";
  push(scratch, name, "--dest-creds joe:secret");
  auto store = scratch.open();
  CHECK(store->pull(name, {}).error().code == Code::kUnauthenticated);
  PullOptions options;
  options.auths = {{"joe", "wrong", ""}};
  CHECK(store->pull(name, options).error().code == Code::kUnauthenticated);
  options.auths.push_back({"joe", "secret", ""});
  const auto got = store->pull(name, options);
  INFO((got ? "" : got.error().message));
  CHECK(got);
}

TEST_CASE("stranger: HTTPS with a CA of one's own, refused without it") {
  if (strangers_missing()) return;
  Scratch scratch;
  test::run(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test "
      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
      scratch.path("key.pem") + " -out " + scratch.path("cert.pem"));
  const DockerRegistry registry(
      scratch, "  tls: {certificate: " + scratch.path("cert.pem") + ", key: " + scratch.path("key.pem") + "}\n");
  const std::string name = registry.host() + "/test/img:1";
  push(scratch, name);
  const auto refused = scratch.open("untrusting")->pull(name, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::kUnauthenticated);
  CHECK(refused.error().message.find("certificate") != std::string::npos);
  auto options = scratch.options();
  options.ca_pem = base::read_file(scratch.path("cert.pem")).value();
  const auto got = ImageStore::open(options).value()->pull(name, {});
  INFO((got ? "" : got.error().message));
  CHECK(got);
}

}  // namespace appliance::runtime::image
