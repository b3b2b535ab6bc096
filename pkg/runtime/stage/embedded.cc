#include "runtime/stage/embedded.h"

#include <fcntl.h>

#include "runtime/stage/plan_writer.h"

extern "C" {
extern const char appliance_stage_begin[];
extern const char appliance_stage_end[];
}

namespace appliance::runtime::stage {

std::string_view embedded_stage() {
  return {appliance_stage_begin, static_cast<size_t>(appliance_stage_end - appliance_stage_begin)};
}

Result<base::Fd> stage_memfd() { return sealed_memfd("stage", embedded_stage()); }

}  // namespace appliance::runtime::stage
