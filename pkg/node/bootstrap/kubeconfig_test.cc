#include "node/bootstrap/kubeconfig.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/fs.h"

using namespace appliance;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/kubeconfig-test.XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { (void)base::remove_tree(path); }
  std::string path;
};

json::Value ours() {
  return node::admin_kubeconfig({.ca_pem = "ca", .admin_pem = "cert", .admin_key_pem = "key"},
                                "https://127.0.0.1:6443");
}

node::KubeconfigTarget target(const std::string& path) { return {.path = path, .uid = getuid(), .gid = getgid()}; }

}  // namespace

TEST_CASE("kubeconfig: the files of everyone are remembered once each, and found by whoever uninstalls") {
  Folder f;
  const auto list = node::kubeconfig_list(f.path);
  CHECK(node::remembered_kubeconfigs(list)->empty());
  const auto one = target(f.path + "/home/one/.kube/config");
  const auto two = target(f.path + "/home/two with a space/.kube/config");
  REQUIRE(base::make_dirs(f.path + "/home/one", 0755));
  REQUIRE(base::make_dirs(f.path + "/home/two with a space", 0755));
  for (const auto& each : {one, two, one}) {
    REQUIRE(node::install_kubeconfig(each, ours(), f.path + "/note"));
    REQUIRE(node::remember_kubeconfig(each, list));
  }
  const auto found = node::remembered_kubeconfigs(list);
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[1].path == two.path);
  CHECK((*found)[1].uid == getuid());
  for (const auto& each : *found) CHECK(node::uninstall_kubeconfig(each, f.path + "/note").value());
  // Both folders were ours, and nothing else is in them.
  struct stat info{};
  CHECK(::stat((f.path + "/home/one/.kube").c_str(), &info) != 0);
  CHECK(::stat((f.path + "/home/two with a space/.kube").c_str(), &info) != 0);
}

TEST_CASE("kubeconfig: lines of the list that are none, and a path with a line break, do no harm") {
  Folder f;
  const auto list = node::kubeconfig_list(f.path);
  REQUIRE(base::write_file(list, "nonsense\n1 2\n-1 0 /a\n0 0 relative\n\n0 0 /right", 0600));
  const auto found = node::remembered_kubeconfigs(list);
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().path == "/right");
  CHECK(!node::remember_kubeconfig(target("/a\n0 0 /etc/shadow"), list));
}

TEST_CASE("kubeconfig: what others have in the file and its folder stays") {
  Folder f;
  const auto file = target(f.path + "/config");
  REQUIRE(base::write_file(file.path, "contexts: [{name: theirs}]\ncurrent-context: theirs\n", 0600));
  REQUIRE(node::install_kubeconfig(file, ours(), f.path + "/note"));
  REQUIRE(node::uninstall_kubeconfig(file, f.path + "/note").value());
  const auto left = base::read_file(file.path);
  REQUIRE(left);
  CHECK(left->find("theirs") != std::string::npos);
  CHECK(left->find("appliance") == std::string::npos);
}
