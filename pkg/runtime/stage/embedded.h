// The `stage` program that this executable carries (cmd/stage, built on musl), and the sealed memfd from which it runs:
// nothing in a container can write to what runs as its supervisor or its init (CVE-2019-5736).
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace appliance::runtime::stage {

std::string_view embedded_stage();
// Make one per server and keep it; run it as /proc/self/fd/N.
Result<base::Fd> stage_memfd();

}  // namespace appliance::runtime::stage
