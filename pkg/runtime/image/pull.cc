#include "runtime/image/store.h"

namespace appliance::runtime::image {

Result<Image> Store::pull(const std::string& reference, const PullOptions&) {
  return fail(Code::kUnimplemented, "pull " + reference + ": pulling is not there yet; import an archive");
}

}  // namespace appliance::runtime::image
