// JSON for the whole tree: Boost.JSON values behind our names, a parser with limits, and the few accessors that
// everybody needs. This folder is the only home of Boost.JSON; other modules include this header.
//
//   auto pod = TRY(json::parse(body));
//   std::string_view node = json::string_at(pod, {"spec", "nodeName"});   // "" when absent or not a string
//
// A document lives for one request; what lives longer is bytes. Accessors never throw.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.h"

namespace appliance::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;
using String = boost::json::string;
using StoragePtr = boost::json::storage_ptr;

struct ParseLimits {
  size_t depth_max = 64;  // deeper documents are refused: recursion downstream is bounded by this
  size_t bytes_max = 16U << 20U;
};

// Errors name the byte offset. Numbers keep their kind (int64, uint64, double); a duplicate key: the last one wins
// (strict checks use duplicate_keys()).
Result<Value> parse(std::string_view text, ParseLimits limits = {});
std::string serialize(const Value& value);
std::string serialize_pretty(const Value& value, int indent = 2);

// Paths ("data.a", "spec.containers[0].name") of keys that stand twice in one object, in document order; at most `max`.
Result<std::vector<std::string>> duplicate_keys(std::string_view text, size_t max = 16);

// Accessors: walk objects by key. A missing step, or a step of another type, gives null / the fallback.
using Path = std::initializer_list<std::string_view>;
const Value* find(const Value& value, Path path);
const Value* find(const Object& object, std::string_view key);
std::string_view string_at(const Value& value, Path path, std::string_view fallback = {});
int64_t int_at(const Value& value, Path path, int64_t fallback = 0);
bool bool_at(const Value& value, Path path, bool fallback = false);
const Object& object_at(const Value& value, Path path);  // an empty object when absent
const Array& array_at(const Value& value, Path path);    // an empty array when absent

// Makes the objects on the way; a step that is not an object is replaced by one.
Value& ensure(Value& value, Path path);

}  // namespace appliance::json
