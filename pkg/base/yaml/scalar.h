// Plain scalars of YAML 1.1 as kubectl's YAML library reads them, and the keys order it writes. Internal to base/yaml.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json/json.h"

namespace appliance::yaml {

// A plain (unquoted) scalar: null, boolean (yes, no, on, off, y, n too), integer (decimal, 0x, 0o, 0b, leading-zero
// octal, underscores), float, or the text itself. kInvalidArgument: infinities and NaN, which JSON doesn't have.
Result<json::Value> resolve_plain(std::string_view text);

// True when a writer must quote the text so that it stays a string: resolve_plain() gives no string, or a reader of
// another version of YAML might see a time or a base-60 number.
bool must_quote(std::string_view text);

// Order of keys in a document written for people: digits by value ("a2" before "a10"), letters behind other characters.
bool key_less(std::string_view a, std::string_view b);

}  // namespace appliance::yaml
