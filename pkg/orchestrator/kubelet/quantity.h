// Kubernetes quantities ("100m", "1.5Gi", "2e3") as whole numbers, rounded up as a kubelet rounds. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace appliance::orchestrator::kubelet {

// Thousandths: "250m" -> 250, "2" -> 2000. nullopt when it is not a quantity or does not fit.
std::optional<int64_t> quantity_millis(std::string_view text);
// Units: "1Ki" -> 1024, "100m" -> 1 (rounded up).
std::optional<int64_t> quantity_units(std::string_view text);
// "<n>Ki" as node capacity is printed.
std::string kibibytes(uint64_t bytes);

}  // namespace appliance::orchestrator::kubelet
