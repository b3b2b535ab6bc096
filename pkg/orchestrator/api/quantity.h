// Quantities ("500m", "1Gi", "2e3") as Kubernetes writes them, and int-or-string values ("25%"). Pure.
//
//   auto q = Quantity::parse("1000m");  q->string() == "1";  q->milli() == 1000;
//
// A quantity is a number of billionths and the suffix family it is written in. What is finer than a billionth
// is rounded up; what is larger than 2^63-1 is capped, as the real server does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json/json.h"

namespace appliance::orchestrator::api {

class Quantity {
 public:
  enum class Format : unsigned char { kDecimalSi, kBinarySi, kDecimalExponent };

  Quantity() = default;
  // kInvalidArgument with the real server's text: "quantities must match the regular expression ..", "unable to parse
  // ..".
  static Result<Quantity> parse(std::string_view text);
  static Quantity of_milli(int64_t milli, Format format = Format::kDecimalSi);
  static Quantity of(int64_t units, Format format = Format::kDecimalSi);

  [[nodiscard]] std::string string() const;  // canonical
  [[nodiscard]] int64_t value() const;       // rounded up; saturates
  [[nodiscard]] int64_t milli() const;       // thousandths, rounded up; saturates
  [[nodiscard]] int sign() const { return nanos_ > 0 ? 1 : nanos_ < 0 ? -1 : 0; }
  friend bool operator==(const Quantity& a, const Quantity& b) { return a.nanos_ == b.nanos_; }
  friend auto operator<=>(const Quantity& a, const Quantity& b) { return a.nanos_ <=> b.nanos_; }
  friend Quantity operator+(Quantity a, const Quantity& b);

 private:
  __int128 nanos_ = 0;
  Format format_ = Format::kDecimalSi;
};

// Values out of a document (string or number); absent or unparsable: 0.
int64_t quantity_milli(const json::Value* value);
int64_t quantity_value(const json::Value* value);

// Int-or-string as a number of `total`: 3 -> 3, "25%" of 10 -> 3 (round_up) or 2. nullopt when it is neither.
std::optional<int64_t> scaled_int_or_percent(const json::Value* value, int64_t total, bool round_up);

}  // namespace appliance::orchestrator::api
