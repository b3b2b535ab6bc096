// What the tests of images share: a scratch store that cleans up after itself, and archives made by hand, honest or
// not.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/image/image_store.h"

namespace appliance::runtime::image::test {

// A temporary directory with a store's data and run folders; unmounts and removes everything in the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return dir_ + '/' + name; }
  void write(const std::string& name, std::string_view bytes) const;
  [[nodiscard]] StoreOptions options(const std::string& name = "data") const;
  [[nodiscard]] std::unique_ptr<ImageStore> open(const std::string& name = "data") const;

 private:
  std::string dir_;
};

using Files = std::vector<std::pair<std::string, std::string>>;  // path (a folder ends with '/'), contents
std::string tar_of(const Files& files);

struct Lies {
  bool damage_layer = false;
  int layer_size_error = 0;
  std::string architecture = {};  // "" = this machine's
};
// An OCI layout of one image: blobs of the layers as distributed, and the plain tars that the configuration claims.
std::string layout(const std::vector<std::string>& blobs, const std::vector<std::string>& plain, const Lies& lies = {});

std::string run(const std::string& command);  // its output; fails the test when the command fails
// Names in `folder` of an overlay of these lower folders, joined by blanks.
std::string overlay_listing(const Scratch& scratch, const std::vector<std::string>& lowers, const std::string& folder);

}  // namespace appliance::runtime::image::test
