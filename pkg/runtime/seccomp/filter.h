// The default seccomp filter as a BPF program, ready for a start plan. Everything that is not in the profile answers
// EPERM; clone3 answers ENOSYS (so that libraries fall back to clone), clone with namespace flags, AF_ALG, AF_VSOCK and
// odd personalities are refused. With a capability come the calls that it is for (SYS_ADMIN: mount, setns, clone3 …).
//
// libseccomp gives the numbers of names per architecture; the program is made here: a balanced tree over ranges of
// numbers, so that a call costs about eight comparisons. Made once per set of capabilities and kept; ~1 ms.
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace appliance::runtime::seccomp {

// struct sock_filter[] as bytes. `caps` are the capabilities that the container has.
Result<std::string> default_filter(uint64_t caps);

}  // namespace appliance::runtime::seccomp
