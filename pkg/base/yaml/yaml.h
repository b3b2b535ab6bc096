// YAML <-> JSON values, as kubectl and the API server read and write it: YAML 1.1 scalars (yes, no, on, off are
// booleans), one document or a stream of several, duplicate keys found with their paths. This folder is the only home
// of yaml-cpp.
//
//   auto doc = TRY(yaml::parse(text));           // a json::Value
//   std::string out = yaml::emit(doc);           // kubectl's layout: sorted keys, two blanks, lists not indented
//
// Bombs are refused: limits on bytes, depth, nodes, and on what aliases expand to. Pure; no exception leaves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json/json.h"

namespace appliance::yaml {

struct ParseLimits {
  size_t bytes_max = 3U << 20U;     // the API server's limit on a body
  size_t depth_max = 64;            // as json::ParseLimits: recursion downstream is bounded by this
  size_t nodes_max = 1U << 18U;     // of the text itself: ~100 bytes of memory each
  size_t alias_nodes_max = 10'000;  // nodes that aliases expand to, in all: real manifests use a handful
  size_t documents_max = 10'000;
};

// One document; kInvalidArgument with line and column when it is not YAML, when there are several, or a limit is
// exceeded. An empty text is null. A duplicate key: the last one wins, and its path ("data.a") is added to `duplicates`
// when given.
Result<json::Value> parse(std::string_view text, const ParseLimits& limits = {},
                          std::vector<std::string>* duplicates = nullptr);

// A stream of documents separated by `---`; empty ones are left out. Errors name the document: "document 2: line 3
// ...".
Result<std::vector<json::Value>> parse_all(std::string_view text, const ParseLimits& limits = {});

std::string emit(const json::Value& value);

}  // namespace appliance::yaml
