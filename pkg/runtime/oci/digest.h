// Digests and references of the OCI image and distribution specs. Pure.
//
//   auto ref = TRY(parse_reference("nginx"));   // docker.io/library/nginx:latest
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::runtime::oci {

// "sha256:" and 64 lower-case hex digits. The only algorithm that registries use.
bool valid_digest(std::string_view text);
std::string_view digest_hex(std::string_view digest);  // of a valid digest

struct Reference {
  std::string registry;
  std::string repository;
  std::string tag;
  std::string digest;
};

// kInvalidArgument names what is wrong. A reference with neither tag nor digest gets `latest`.
Result<Reference> parse_reference(std::string_view text);
std::string to_string(const Reference& reference);

// 127.0.0.0/8, localhost or ::1, with or without a port: the only registries that are spoken to without TLS.
bool is_loopback_registry(std::string_view registry);

}  // namespace appliance::runtime::oci
