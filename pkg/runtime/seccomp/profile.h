// The data of the default seccomp profile: names of system calls, as tables.
#pragma once

#include <span>
#include <string_view>

namespace appliance::runtime::seccomp {

struct WithCapability {
  std::string_view capability;  // without CAP_
  std::span<const std::string_view> calls;
};
// System calls younger than libseccomp's own tables; since 2019 they have one number on every architecture.
struct Number {
  std::string_view name;
  int number;
};

std::span<const std::string_view> always_allowed();
std::span<const WithCapability> allowed_with_capability();
std::span<const Number> numbers_since_2021();

}  // namespace appliance::runtime::seccomp
