#include "runtime/image/image_store.h"
#include "runtime/oci/digest.h"

namespace appliance::runtime::image {

std::string Reference::string() const { return oci::to_string({registry, repository, tag, digest}); }

Result<Reference> parse_reference(const std::string& text) {
  oci::Reference parsed = TRY(oci::parse_reference(text));
  return Reference{.registry = std::move(parsed.registry),
                   .repository = std::move(parsed.repository),
                   .tag = std::move(parsed.tag),
                   .digest = std::move(parsed.digest)};
}

}  // namespace appliance::runtime::image
