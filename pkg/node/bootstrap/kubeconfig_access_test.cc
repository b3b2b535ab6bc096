#include "node/bootstrap/kubeconfig_access.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/fs.h"
#include "base/yaml/yaml.h"
#include "node/bootstrap/kubeconfig.h"

using namespace appliance;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/kubeconfig-access.XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { (void)base::remove_tree(path); }
  std::string file(const std::string& name, const std::string& text) const {
    REQUIRE(base::write_file(path + '/' + name, text));
    return path + '/' + name;
  }
  std::string path;
};

}  // namespace

TEST_CASE("kubeconfig access: our own context wins over the current one") {
  Folder f;
  json::Value others = yaml::parse(
                           "clusters: [{name: o, cluster: {server: 'https://other:1'}}]\n"
                           "users: [{name: o, user: {token: t}}]\n"
                           "contexts: [{name: o, context: {cluster: o, user: o}}]\ncurrent-context: o\n")
                           .value();
  auto access = node::kubeconfig_access(f.file("others", yaml::emit(others)));
  REQUIRE(access);
  CHECK(access->server == "https://other:1");
  CHECK(access->token == "t");
  CHECK(access->context == "o");
  const auto both = node::merge_kubeconfig(
      others,
      node::admin_kubeconfig({.ca_pem = "ca", .admin_pem = "cert", .admin_key_pem = "key"}, "https://127.0.0.1:6443"),
      false);
  access = node::kubeconfig_access(f.file("both", yaml::emit(both)));
  REQUIRE(access);
  CHECK(access->context == "appliance");
  CHECK(access->server == "https://127.0.0.1:6443");
  CHECK(access->ca_pem == "ca");
  CHECK(access->certificate_pem == "cert");
  CHECK(access->key_pem == "key");
}

TEST_CASE("kubeconfig access: files that it names are read from its own folder") {
  Folder f;
  f.file("ca.crt", "the ca");
  f.file("me.crt", "me");
  const auto key = f.file("me.key", "my key");
  const auto path =
      f.file("config",
             "clusters: [{name: c, cluster: {server: 'https://h:6443/', certificate-authority: ca.crt}}]\n"
             "users: [{name: u, user: {client-certificate: ./me.crt, client-key: " +
                 key +
                 "}}]\n"
                 "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n");
  const auto access = node::kubeconfig_access(path);
  REQUIRE(access);
  CHECK(access->server == "https://h:6443");
  CHECK(access->ca_pem == "the ca");
  CHECK(access->certificate_pem == "me");
  CHECK(access->key_pem == "my key");
}

TEST_CASE("kubeconfig access: what is missing or not supported is said") {
  Folder f;
  const auto code = [&](const std::string& text) {
    const auto access = node::kubeconfig_access(f.file("config", text));
    REQUIRE_FALSE(access);
    CHECK(access.error().message.find(f.path) != std::string::npos);
    return access.error().code;
  };
  CHECK(node::kubeconfig_access(f.path + "/none").error().code == Code::kNotFound);
  CHECK(code("") == Code::kNotFound);
  CHECK(code("a: [") == Code::kInvalidArgument);
  const std::string rest = "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n";
  CHECK(code(rest) == Code::kInvalidArgument);
  const std::string users = "users: [{name: u, user: {exec: {command: login}}}]\n";
  CHECK(code("clusters: [{name: c, cluster: {server: 'http://h'}}]\n" + users + rest) == Code::kInvalidArgument);
  CHECK(code("clusters: [{name: c, cluster: {server: 'https://h'}}]\n" + users + rest) == Code::kUnimplemented);
  const std::string other =
      "users: [{name: u, user: {token: t, as: viewer}}]\n";  // a link must not be for more than kubectl may
  CHECK(code("clusters: [{name: c, cluster: {server: 'https://h'}}]\n" + other + rest) == Code::kUnimplemented);
}
